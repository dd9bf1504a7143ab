# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: configures and builds one folder under build/, quietly; and the commands that need just that.

# configure FOLDER COMPILER MESON-ARGUMENT...: (re)configures build/FOLDER if its arguments have changed.
configure() {
  local folder=build/$1 compiler=$2 wanted
  shift 2
  set -- -Db_colorout=auto "-Dcccl_include=$(cccl_include)" "$@"
  wanted="$compiler $*"
  if [ -f "$folder/build.ninja" ] && [ "$(cat "$folder/dev_arguments" 2>/dev/null)" = "$wanted" ]; then
    return
  fi
  rm -rf "$folder"
  mkdir -p build/log
  CXX=$compiler meson setup "$folder" "$@" >"build/log/$(basename "$folder").setup" 2>&1 || return 1
  printf '%s\n' "$wanted" >"$folder/dev_arguments"
}

# compile FOLDER TARGET...: builds what it can, says nothing; the log is build/log/FOLDER.build.
compile() {
  local folder=$1
  shift
  ninja -C "build/$folder" -k 0 "$@" >"build/log/$folder.build" 2>&1
}

# build_or_stop FOLDER TARGETS MESON-ARGUMENT...: an optimised build for use rather than for tests; TARGETS are words.
build_or_stop() {
  local folder=$1 targets=$2
  shift 2
  say "building $folder (log: build/log/$folder.build)"
  configure "$folder" g++ --buildtype=release "$@" ||
    fail_with "build/log/$folder.setup" "build/$folder could not be configured"
  # shellcheck disable=SC2086  # words on purpose
  compile "$folder" $targets || fail_with "build/log/$folder.build" "build/$folder did not build"
}

# What the README offers first: minutes to build.
build_demo() {
  build_or_stop demo "examples/demo/demo examples/mar/mar" -Dexamples=enabled -Dtests=disabled -Dbenchmarks=disabled \
    -Ddocs=disabled
}

# And the other programs, into the same folder.
build_examples() {
  build_or_stop demo "examples/mar/mar examples/systems/flowar examples/systems/xar examples/harmon/harmon \
    examples/profile/profile" -Dexamples=enabled -Dtests=disabled -Dbenchmarks=disabled -Ddocs=disabled
}

# What examples/quality asks; into the same folder again.
build_quality() {
  build_or_stop demo "examples/mar/mar examples/profile/profile examples/quality/token_errors" -Dexamples=enabled \
    -Dtests=disabled -Dbenchmarks=disabled -Ddocs=disabled
}

build_bench() {
  build_or_stop bench "bench_programs examples/mar/mar" -Dexamples=enabled -Dtests=disabled -Dbenchmarks=enabled \
    -Ddocs=disabled -Dcuda=disabled
}

# run_bench [NAME...] [OPTION...]: every benchmark, or those named; the first word with a dash and those after it go to
# each. Benchmarks are programs and scripts whose name ends in _bench; those of benchmarks/published have PyTorch.
run_bench() {
  local program name names="" ran=0
  local -a wanted=() python=()
  while [ $# -gt 0 ] && [[ "$1" != -* ]]; do
    wanted+=("$1")
    shift
  done
  for program in build/bench/benchmarks/*_bench benchmarks/*_bench.py benchmarks/published/*_bench.py; do
    [ -x "$program" ] || continue
    name=$(basename "$program" .py)
    name=${name%_bench}
    names="$names $name"
    if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then
      continue
    fi
    python=()
    if [[ "$program" == benchmarks/published/* ]]; then
      make_side_venv bench
      python=(build/bench-venv/bin/python)
    fi
    [ "$name" != quality ] || install_packages images
    say "$name"
    "${python[@]}" "$program" "$@"
    ran=$((ran + 1))
  done
  if [ "$ran" -eq 0 ]; then
    printf 'dev: no benchmark by that name; there are:%s\n' "$names" >&2
    return 1
  fi
}
