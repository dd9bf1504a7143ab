#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What programs with CUDA kernels say where there is no GPU: one line that names the call, the error and what to do.

usage: no_gpu.py INCLUDE_FOLDER -- NVCC [ARGUMENT ...]

Compiles and runs every .cu file beside this script that reports errors. Where there is a GPU they launch their kernels,
and say so.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# What each does first.
FIRST_CALLS = {
    "batched": "launching the start of a batched trajectory",
    "head": "asking for the current device",
    "ordering": "asking for the current device",
    "pointwise": "launching a pointwise trajectory",
}
REFUSED = r"ardent::cuda: {call} failed with cudaError\w+ \([^()]+\)\. .*executor::host\.\n"


def problem(command, source, folder):
    """What is wrong with a program; None if nothing is."""
    program = os.path.join(folder, source.stem)
    built = subprocess.run([*command, os.fspath(source), "-o", program], capture_output=True, text=True)
    if built.returncode:
        return f"{source.name} does not compile:\n{built.stdout}{built.stderr}"
    ran = subprocess.run([program], capture_output=True, text=True)
    print(f"{source.name}: {ran.stdout}{ran.stderr}", end="", flush=True)
    if ran.returncode == 0 and ran.stdout == "launched\n":
        return None
    refused = REFUSED.format(call=FIRST_CALLS[source.stem])
    if ran.returncode or ran.stderr or not re.fullmatch(refused, ran.stdout):
        return f"{source.name}: expected exit status 0 and {refused!r}, found {ran.returncode} and {ran.stdout!r}"
    return None


def main():
    include, separator, *nvcc = sys.argv[1:]
    assert separator == "--", __doc__
    here = pathlib.Path(__file__).parent
    sources = [path for path in sorted(here.glob("*.cu")) if "catch (ardent::cuda::error" in path.read_text()]
    unknown = {path.stem for path in sources} ^ set(FIRST_CALLS)
    if unknown:
        sys.exit(f"expected errors to be reported by exactly those that FIRST_CALLS names, differ: {sorted(unknown)}")
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = list(filter(None, pool.map(lambda path: problem([*nvcc, "-I", include], path, folder), sources)))
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
