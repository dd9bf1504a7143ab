# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: builds and runs every test configuration, goes on past failures, and ends with the totals.

passed=0 failed=0 skipped=0

# test_configuration NAME COMPILER TARGETS SUITES MESON-ARGUMENT...
#   NAME      folder under build/, and what the configuration is called
#   TARGETS   what to build, words; "all" for everything, "" for nothing
#   SUITES    what to run, as arguments of `meson test`; "" for everything
test_configuration() {
  local name=$1 compiler=$2 targets=$3 suites=$4 started=$SECONDS run_passed run_failed run_skipped
  shift 4
  say "$name: building with $compiler (log: build/log/$name.build)"
  if ! configure "$name" "$compiler" -Dtests=enabled -Ddocs=disabled "$@"; then
    tail -n 20 "build/log/$name.setup"
    say "$name: FAILED to configure"
    failed=$((failed + 1))
    return
  fi
  local names=""
  # shellcheck disable=SC2086  # words on purpose, here and below
  if [ -n "$targets" ] && ! compile "$name" $targets; then
    names=$(python tools/runnable_tests.py "build/$name")
    grep -E -A 8 'error:|FAILED:' "build/log/$name.build" | head -n 60 || tail -n 20 "build/log/$name.build"
    say "$name: FAILED to build; what was built is tested all the same"
    failed=$((failed + 1))
  fi
  local built=$((SECONDS - started))
  # shellcheck disable=SC2086
  meson test -C "build/$name" --no-rebuild $suites $names >"build/log/$name.test" 2>&1 || true
  python tools/count_tests.py "build/$name/meson-logs/testlog.json" "build/log/$name.counts" ||
    echo "0 1 0" >"build/log/$name.counts"
  read -r run_passed run_failed run_skipped <"build/log/$name.counts"
  passed=$((passed + run_passed)) failed=$((failed + run_failed)) skipped=$((skipped + run_skipped))
  say "$name: $run_passed passed, $run_failed failed, $run_skipped skipped" \
    "(built in $built s, ran in $((SECONDS - started - built)) s)"
}

# The README's main job as it stands there, in a copy of the sources that has nothing else. The other commands are run with
# programs of the first configuration, by its test readme_commands; as they stand there, too, by ./dev check. Where only
# ARDENT_TEST_MINUTES are given and too few are left, it is left out.
test_readme() {
  local started=$SECONDS needed=600
  if [ -n "${ARDENT_TEST_MINUTES:-}" ] && [ $((started + needed)) -gt $((60 * ARDENT_TEST_MINUTES)) ]; then
    say "readme: left out, $started s of $ARDENT_TEST_MINUTES minutes are gone"
    skipped=$((skipped + 1))
    return
  fi
  say "readme: ./dev demo as a newcomer runs it (log: build/log/readme.test)"
  if python tests/readme/commands.py README.md --as-written "./dev demo" >build/log/readme.test 2>&1; then
    passed=$((passed + 1))
  else
    tail -n 60 build/log/readme.test
    failed=$((failed + 1))
  fi
  say "readme: $(tail -n 1 build/log/readme.test) (ran in $((SECONDS - started)) s)"
}

run_tests() {
  local quick=no
  case "${1:-}" in
    --quick) quick=yes ;;
    "") ;;
    *)
      printf 'dev: test takes only --quick, not "%s"\n' "$1" >&2
      return 1
      ;;
  esac
  # A log of an earlier run must not be counted again.
  rm -f build/*/meson-logs/testlog.json

  # Everything, warnings being errors; the checks of the tree itself run only here.
  test_configuration gcc g++ all "" \
    --buildtype=release -Doptimization=2 -Dwerror=true -Dexamples=enabled -Dbenchmarks=enabled
  if [ "$quick" = no ]; then
    # clang's own rules: what must not compile, the headers alone, other people's projects. `sanitize` has its tables.
    test_configuration clang clang++-19 "" "--suite compile" \
      --buildtype=release -Doptimization=2 -Dwerror=true \
      -Dexamples=disabled -Dbenchmarks=disabled -Dcuda=disabled
    # Everything again but the benchmarks, with clang's warnings: reads past an end, undefined arithmetic, leaks; with assertions, and
    # optimised a little, if at all, to be done in time. By clang, which instruments templates three times as fast as GCC,
    # and with lines but no variables to debug. What is read through null, past an end or by a pointer that wrapped around
    # is the address sanitizer's, too; without the other's checks of that the largest tests compile in half the time.
    test_configuration sanitize clang++-19 all "--no-suite tree --no-suite compile" \
      --buildtype=debug -Doptimization=1 -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false \
      '-Dcpp_args=-g1 -fno-sanitize-recover=all -fno-sanitize=null,object-size,pointer-overflow,vptr,function -D_GLIBCXX_ASSERTIONS' \
      -Dexamples=enabled -Dbenchmarks=disabled -Dcuda=disabled
    # Contracted multiply-adds: the tables may differ by ulps, and no more.
    test_configuration native g++ tests/core "--suite core" \
      --buildtype=release -Doptimization=2 -Dcpp_args=-march=native -Dexamples=disabled -Dbenchmarks=disabled -Dcuda=disabled
    # Data races in the kernel bodies: the host-checked groups run real threads.
    test_configuration thread clang++-19 tests/group "--suite group" \
      --buildtype=debug -Doptimization=1 -Db_sanitize=thread -Db_lundef=false \
      -Dexamples=disabled -Dbenchmarks=disabled -Dcuda=disabled
  fi

  [ "$quick" = yes ] || test_readme

  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
