# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: formatting, tidy, tests, docs and the README in one go, past failures, with totals.

run_check() {
  local stage started=$SECONDS good=0 bad=""
  local -A command=(
    [formatting]="format_sources --check"
    [tidy]="python3 tools/tidy.py"
    [docs]="python3 tools/docs.py"
    [tests]="run_tests --quick"
    [readme]="python tests/readme/commands.py README.md --as-written"
  )
  if [ $# -gt 0 ]; then
    printf 'dev: check takes no argument, found "%s"\n' "$1" >&2
    return 1
  fi
  # the quick ones first: what they find is known in minutes
  for stage in formatting docs tidy tests readme; do
    say "check: $stage"
    # shellcheck disable=SC2086  # words on purpose
    if (${command[$stage]}); then
      good=$((good + 1))
    else
      bad="$bad $stage"
    fi
  done
  say "check: $good of ${#command[@]} are as they should be${bad:+; not so:$bad} ($((SECONDS - started)) s)"
  [ -z "$bad" ]
}
