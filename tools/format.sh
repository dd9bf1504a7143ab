# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: clang-format over every C++ and CUDA source of the tree.

format_sources() {
  local -a mode=(-i)
  if [ "${1:-}" = "--check" ]; then
    mode=(--dry-run --Werror)
  elif [ $# -gt 0 ]; then
    printf 'dev: format takes only --check, not "%s"\n' "$1" >&2
    return 1
  fi
  find include tests examples benchmarks \( -name '*.hpp' -o -name '*.cpp' -o -name '*.cuh' -o -name '*.cu' \) -print0 |
    xargs -0 -r clang-format-19 "${mode[@]}"
}
