#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That the tree's checks find deprecated names without a way out, or past their time.

usage: tree_test.py ROOT
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(sys.argv[1], "tools")))
import check_tree  # noqa: E402  # beside the tools

FORM = '[[deprecated("ardent::NAME: why. Use INSTEAD. Goes in MAJOR.MINOR.")]]'
# what a header has, and what must be said of it in version 0.2
CASES = {
    'struct [[deprecated("ardent::grid::old: it was renamed. Use ardent::grid::fresh. Goes in 0.3.")]] old {};': None,
    'struct [[deprecated("ardent::grid::old: it was renamed. Use "\n                    "ardent::grid::fresh. Goes in 1.0.")]] old {};': None,
    "// deprecated names say so\nint fresh();": None,
    'struct [[deprecated("ardent::grid::old: it was renamed. Use ardent::grid::fresh. Goes in 0.2.")]] old {};':
        "a.hpp:1: expected that what goes in 0.2 is gone in 0.2, found it",
    "int fresh();\n[[deprecated]] int old();": f'a.hpp:2: expected {FORM}, found ""',
    '[[deprecated("use fresh")]] int old();': f'a.hpp:1: expected {FORM}, found "use fresh"',
    '[[deprecated("ardent::old: Use ardent::fresh.")]] int old();':
        f'a.hpp:1: expected {FORM}, found "ardent::old: Use ardent::fresh."',
}


def main():
    for text, expected in CASES.items():
        found = list(check_tree.deprecated("a.hpp", text, (0, 2)))
        if found != ([expected] if expected else []):
            sys.exit(f"{text}\nexpected {expected}, found {found}")
    print(f"{len(CASES)} cases")


if __name__ == "__main__":
    main()
