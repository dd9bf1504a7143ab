# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: the share of the core headers' lines that the tests run on the host, as gcov counts it.

# Programs of the tests whose coverage is counted: those that need neither the examples nor nvcc.
coverage_tests="core diagnostics group head openmp"
# Lines in percent below which ./dev coverage fails.
least_coverage=95

run_coverage() {
  local targets report=build/coverage/lines.txt
  if [ $# -gt 0 ]; then
    printf 'dev: coverage takes no argument, found "%s"\n' "$1" >&2
    return 1
  fi
  say "building coverage, not optimised (log: build/log/coverage.build)"
  configure coverage g++ --buildtype=debug -Ddebug=false -Db_coverage=true \
    -Dtests=enabled -Dexamples=disabled -Dbenchmarks=disabled -Ddocs=disabled -Dcuda=disabled ||
    fail_with build/log/coverage.setup "build/coverage could not be configured"
  targets=$(printf 'tests/%s ' $coverage_tests)
  # shellcheck disable=SC2086  # words on purpose, here and below
  compile coverage $targets || fail_with build/log/coverage.build "build/coverage did not build"
  # an earlier run's counts would be added to
  find build/coverage -name '*.gcda' -delete
  say "running: $coverage_tests (log: build/log/coverage.test)"
  meson test -C build/coverage --no-rebuild --timeout-multiplier 10 $coverage_tests >build/log/coverage.test 2>&1 ||
    fail_with build/log/coverage.test "a test failed"
  # threads of one test count without locks: a count may be wrong, but not whether there was one
  build/coverage-venv/bin/gcovr --root . --filter 'include/ardent/' --exclude 'include/ardent/cuda/' \
    --gcov-executable "$(g++ -print-prog-name=gcov)" --gcov-ignore-parse-errors=all --merge-lines \
    --merge-mode-functions=merge-use-line-0 --sort uncovered-number --sort-reverse --txt "$report" \
    --fail-under-line "$least_coverage" --print-summary build/coverage 2>build/log/gcovr | grep '^lines:' ||
    fail_with build/log/gcovr "expected that $least_coverage % of the lines are run, found fewer (see $report)"
  say "by header: $report"
}
