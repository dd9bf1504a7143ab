#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the tests of one `meson test` run and shows the output of those that failed.

usage: count_tests.py TESTLOG.JSON COUNTS

A doctest program counts as the test cases it reports; any other test counts as one. The line "PASSED FAILED SKIPPED"
goes into the file COUNTS, what a person wants to read to standard output.
"""
import json
import re
import sys

DOCTEST = re.compile(r"\[doctest\] test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed")
SELF_SKIPPED = re.compile(r"^\[ardent\] skipped: (\d+)$", re.MULTILINE)
TAIL_LINES = 60


def count(test):
    """(passed, failed, skipped) of one entry of the log."""
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    cases = DOCTEST.search(test.get("stdout", ""))
    if cases:
        passed, failed = int(cases[2]), int(cases[3])
        own = SELF_SKIPPED.search(test["stdout"])
        skipped = int(own[1]) if own else 0
        # A program that reports no failed case and yet ends badly (a sanitizer's report, a crash at exit) has failed.
        return passed - skipped, failed if failed or good else 1, skipped
    if test["result"] == "SKIP":
        return 0, 0, 1
    return (1, 0, 0) if good else (0, 1, 0)


def main():
    totals = [0, 0, 0]
    with open(sys.argv[1], encoding="utf-8") as log:
        for test in map(json.loads, log):
            result = count(test)
            totals = [a + b for a, b in zip(totals, result)]
            if result[1]:
                print(f"-- {test['name']}: {test['result']}, status {test.get('returncode')}")
                output = test.get("stdout", "") + test.get("stderr", "")
                for line in output.splitlines()[-TAIL_LINES:]:
                    print("   ", line)
    with open(sys.argv[2], "w", encoding="utf-8") as counts:
        print(*totals, file=counts)


if __name__ == "__main__":
    main()
