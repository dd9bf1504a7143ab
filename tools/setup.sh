# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: makes sure that the machine has what a command needs. Quick when it already has.
# Debian packages are checked one by one; the virtual environment carries a stamp of what it was made from.

# say WHAT: one line about the stage that begins.
say() { printf '== %s\n' "$*"; }

has_package() { [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]; }
has_command() { command -v "$1" >/dev/null 2>&1; }

# A Python that can make virtual environments (Debian splits ensurepip off into python3-venv).
find_python() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if has_command "$candidate" && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  return 1
}

# missing_packages GROUP...: the Debian packages of these groups that the machine lacks, one a line.
missing_packages() {
  local group name
  for group in "$@"; do
    case "$group" in
      build)
        has_command g++ || echo g++
        has_command pkg-config || echo pkg-config
        find_python >/dev/null || printf '%s\n' python3 python3-venv
        for name in nlohmann-json3-dev libcli11-dev libstb-dev libminizip-dev; do
          has_package "$name" || echo "$name"
        done
        ;;
      test)
        has_command cmake || echo cmake
        for name in doctest-dev clang-19 libclang-rt-19-dev libomp-19-dev llvm-19 openmpi-bin; do
          has_package "$name" || echo "$name"
        done
        has_command doxygen || echo doxygen
        ;;
      format)
        has_command clang-format-19 || echo clang-format-19
        ;;
      tidy)
        has_command clang-tidy-19 || echo clang-tidy-19
        has_package libomp-19-dev || echo libomp-19-dev
        ;;
      docs)
        has_command doxygen || echo doxygen
        has_command python3 || echo python3
        ;;
      images) # those that the shipped model was trained on, to compare its own with
        has_package dataset-fashion-mnist || echo dataset-fashion-mnist
        ;;
    esac
  done
}

install_packages() {
  local missing
  if ! has_command dpkg-query; then
    say "not a Debian machine: packages are not checked"
    return
  fi
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    cat >&2 <<TEXT
dev: Debian packages are missing, and only the administrator can install them. Ask for:

    apt-get install ${missing[*]}

TEXT
    exit 1
  fi
  say "installing Debian packages: ${missing[*]} (log: build/log/apt)"
  mkdir -p build/log
  {
    apt-get -o DPkg::Lock::Timeout=600 update
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
      install -y --no-install-recommends "${missing[@]}"
  } >build/log/apt 2>&1 || fail_with build/log/apt "apt-get could not install: ${missing[*]}"
}

# fail_with LOG MESSAGE: show the end of a log, say what went wrong, stop.
fail_with() {
  tail -n 20 "$1" >&2
  printf 'dev: %s (full log: %s)\n' "$2" "$1" >&2
  exit 1
}

# The folder of the CUDA toolkit, if there is one.
cuda_home() {
  local nvcc
  if nvcc=$(command -v nvcc 2>/dev/null); then
    dirname "$(dirname "$(readlink -f "$nvcc")")"
  elif [ -n "${CUDA_HOME:-}" ] && [ -x "$CUDA_HOME/bin/nvcc" ]; then
    printf '%s\n' "$CUDA_HOME"
  else
    return 1
  fi
}

# Where CCCL's headers are: the toolkit's, else those in the virtual environment; nothing if neither.
cccl_include() {
  local home folder
  if home=$(cuda_home) && [ -d "$home/include/cccl/thrust" ]; then
    printf '%s\n' "$home/include/cccl"
    return
  fi
  for folder in "$PWD"/.venv/lib/python3*/site-packages/nvidia/cu13/include/cccl; do
    if [ -d "$folder/thrust" ]; then
      printf '%s\n' "$folder"
      return
    fi
  done
}

make_venv() {
  local python home wanted
  local -a requirements=(tools/requirements.txt)
  python=$(find_python) || {
    echo "dev: no Python 3 with venv and ensurepip was found" >&2
    exit 1
  }
  if ! home=$(cuda_home) || [ ! -d "$home/include/cccl/thrust" ]; then
    requirements+=(tools/requirements-cccl.txt)
  fi
  # the toolkit may come without the disassembler that a test needs
  if home=$(cuda_home) && [ ! -x "$home/bin/nvdisasm" ] && ! has_command nvdisasm; then
    requirements+=(tools/requirements-nvdisasm.txt)
  fi
  wanted=$(cat "${requirements[@]}" && "$python" --version && pwd)
  [ "$(cat .venv/stamp 2>/dev/null)" != "$wanted" ] || return 0
  [ ! -L .venv ] || rm .venv  # a link to another checkout's: making ours must not empty theirs
  say "making .venv: $(sed -n '/==/p' "${requirements[@]}" | paste -sd' ') (log: build/log/venv)"
  mkdir -p build/log
  {
    "$python" -m venv --clear .venv &&
      .venv/bin/pip install --disable-pip-version-check "${requirements[@]/#/--requirement=}"
  } >build/log/venv 2>&1 || fail_with build/log/venv "the virtual environment could not be made"
  printf '%s\n' "$wanted" >.venv/stamp
}

# make_side_venv NAME: build/NAME-venv/ from tools/requirements-NAME.txt, for one command. PyTorch, of the benchmarks, takes
# gigabytes, and nothing else needs it.
make_side_venv() {
  local python wanted folder=build/$1-venv log=build/log/$1-venv requirements=tools/requirements-$1.txt
  python=$(find_python) || {
    echo "dev: no Python 3 with venv and ensurepip was found" >&2
    exit 1
  }
  wanted=$(cat "$requirements" && "$python" --version && pwd)
  [ "$(cat "$folder/stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "making $folder: $(sed -n '/==/p' "$requirements" | paste -sd' ') (log: $log)"
  mkdir -p build/log
  {
    "$python" -m venv --clear "$folder" &&
      "$folder/bin/pip" install --disable-pip-version-check --requirement="$requirements"
  } >"$log" 2>&1 || fail_with "$log" "the virtual environment $folder could not be made"
  printf '%s\n' "$wanted" >"$folder/stamp"
}

setup_for() {
  install_packages "$@"
  case " $* " in
    *" build "* | *" test "*)
      make_venv
      export PATH="$PWD/.venv/bin:$PATH"
      ;;
  esac
}
