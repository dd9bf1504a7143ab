#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a fuzzer on its corpus, for a number of executions or of seconds, and says how far it came.

usage: run.py FUZZER (--runs N | --seconds S) [--keep FOLDER]

  FUZZER    a program of tests/fuzz, NAME_fuzz; its corpus is corpus/NAME, its dictionary NAME.dict or json.dict
  --keep    where inputs go that reach something new, and an input that fails; without it, the first are forgotten and
            the second goes to the current folder
With --runs the same executions every time; docs/trust.md says how to run for longer.
"""
import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
LONGEST = {"safetensors": 2048, "json": 4096, "command_line": 512}  # bytes of an input


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fuzzer", type=pathlib.Path)
    how_long = parser.add_mutually_exclusive_group(required=True)
    how_long.add_argument("--runs", type=int)
    how_long.add_argument("--seconds", type=int)
    parser.add_argument("--keep", type=pathlib.Path)
    given = parser.parse_args()

    name = given.fuzzer.name.removesuffix("_fuzz")
    dictionary = next(file for file in (HERE / f"{name}.dict", HERE / "json.dict") if file.is_file())
    limit = [f"-runs={given.runs}", "-seed=1"] if given.runs is not None else [f"-max_total_time={given.seconds}"]
    with contextlib.ExitStack() as stack:
        new = given.keep / "corpus" if given.keep else stack.enter_context(tempfile.TemporaryDirectory())
        pathlib.Path(new).mkdir(parents=True, exist_ok=True)
        artefacts = f"{given.keep if given.keep else pathlib.Path.cwd()}/{name}-"
        started = time.monotonic()
        # libFuzzer adds to the first folder alone
        done = subprocess.run([given.fuzzer.resolve(), *limit, f"-max_len={LONGEST[name]}", f"-dict={dictionary}",
                               "-timeout=25", "-rss_limit_mb=3000", f"-artifact_prefix={artefacts}", new,
                               HERE / "corpus" / name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        seconds = time.monotonic() - started
    said = done.stderr.decode(errors="replace")
    runs = re.search(r"^Done (\d+) runs", said, re.M)
    if done.returncode != 0 or not runs:
        print(said[-8000:])
        print(f"{name}: failed with status {done.returncode} after {seconds:.0f} s; the input is {artefacts}*")
        return 1
    edges = re.findall(r"cov: (\d+)", said)
    reached = f", {edges[-1]} edges" if edges else ", by blind mutations (no libFuzzer here)"
    print(f"{name}: {runs[1]} executions in {seconds:.0f} s{reached}; nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
