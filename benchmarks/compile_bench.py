#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ardent costs a compiler: seconds and peak memory, against an empty file.

usage: compile_bench.py [--rounds N] [COMPILER ...]     (default: g++, clang++-19 and nvcc, those that there are)

Compiles benchmarks/compile/*.cpp and examples/01_hello for each compiler with -O2, each in turn and the whole list N times,
so that a slow moment does not fall on one of them; prints the fastest. The umbrella header should cost g++ at most 1.5
seconds more than the empty file.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "benchmarks" / "compile"
CASES = {
    "empty": HERE / "empty.cpp",
    "umbrella": HERE / "umbrella.cpp",
    "hello": ROOT / "examples" / "01_hello" / "main.cpp",
    "one composition": HERE / "one.cpp",
    "sixteen compositions": HERE / "sixteen.cpp",
}


def command(compiler, source, output):
    """How a compiler is called."""
    arguments = [compiler, "-std=c++20", "-O2", "-I", os.fspath(ROOT / "include"), "-c", "-o", output]
    if pathlib.Path(compiler).name == "nvcc":
        arguments += ["-x", "cu", "-arch=sm_90", "-diag-suppress=177"]
    return [*arguments, os.fspath(source)]


def measure(compiler, source):
    """(seconds, peak MiB of the largest process) of one compilation."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "out.o")
        started = time.perf_counter()
        child = subprocess.Popen(command(compiler, source, output), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = child.stdout.read().decode(errors="replace")
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{compiler} does not compile {source}:\n{text}")
        return seconds, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("compilers", nargs="*")
    chosen = parser.parse_args()
    compilers = chosen.compilers or [name for name in ("g++", "clang++-19", "nvcc") if shutil.which(name)]
    for compiler in compilers:
        best = {name: (float("inf"), 0.0) for name in CASES}
        for _ in range(chosen.rounds):
            for name, source in CASES.items():
                seconds, memory = measure(compiler, source)
                best[name] = min(best[name][0], seconds), max(best[name][1], memory)
        empty = best["empty"][0]
        print(f"{compiler}: seconds (fastest of {chosen.rounds}), over the empty file, ratio to it, peak MiB")
        for name, (seconds, memory) in best.items():
            print(f"  {name:22} {seconds:8.2f} s {seconds - empty:+8.2f} s {seconds / empty:8.1f} x {memory:8.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
