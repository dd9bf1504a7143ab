# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: the tests and benchmarks of a machine with an NVIDIA GPU. It installs nothing and needs no network,
# no Meson and no packages but a CUDA toolkit: see docs/benchmarks/README.md.

run_gpu() {
  local python
  python=$(command -v python3) || {
    echo "dev: gpu needs Python 3, and none was found" >&2
    return 1
  }
  PYTHONPYCACHEPREFIX=build/pycache "$python" tools/gpu "$@"
}
