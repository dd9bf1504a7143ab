#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The arithmetic behind `./dev bench head`: bytes, FLOP and floors are those of a head counted by hand.

usage: floor_test.py ROOT
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(sys.argv[1], "benchmarks")))
from published import floor, harness  # noqa: E402

# 2 blocks of width 8: 4 matrices of 8 x 8 in sequence, 8 of them as modulations (3 a block and the last layer's 2)
HEAD = floor.Head(channels=3, width=8, depth=2, condition_width=5)
EXPECTED = {
    # the input layer has 3 x 8 floats and the output layer 8 x 6
    "bytes of float32": (HEAD.sequential_bytes(4), 4 * (4 * 64 + 24 + 48)),
    "bytes of bf16": (HEAD.sequential_bytes(2), 2 * 4 * 64 + 4 * (24 + 48)),
    # 7 tokens are 14 rows, but 7 for the input layer
    "sequential FLOP": (HEAD.sequential_flop(7), 2 * (14 * (4 * 64 + 48) + 7 * 24)),
    "hoisted FLOP": (HEAD.hoisted_flop(7), 2 * 14 * 8 * 64),
    "FLOP": (HEAD.flop(7, 10), 2 * (14 * (4 * 64 + 48) + 7 * 24) + 2 * 14 * 8 * 64 + 2 * 14 * 40 / 10),
    # a second a byte, a FLOP takes none; and the other way round
    "floor of reading": (HEAD.floor(7, 10, 4, 1, float("inf")), 4 * (4 * 64 + 24 + 48)),
    "floor of arithmetic": (HEAD.floor(7, 10, 4, float("inf"), 1), HEAD.flop(7, 10)),
    "table": (harness.table(("a", "b"), [[1, 2]]), "| a | b |\n| --- | --- |\n| 1 | 2 |\n"),
    "spread": (harness.spread([1, 2, 3, 4, 5]), 100 / 3),
    "turns": (harness.alternate({"x": lambda: 1, "y": lambda: 2}, 2), {"x": [1, 1], "y": [2, 2]}),
}


def main():
    wrong = [f"{name}: expected {expected}, found {found}" for name, (found, expected) in EXPECTED.items()
             if found != expected]
    print("\n".join(wrong) or f"{len(EXPECTED)} numbers are as counted by hand")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
