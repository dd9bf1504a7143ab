#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a program with CUDA kernels says where there is no GPU: one line that names the call, the error and what to do.

usage: no_gpu.py INCLUDE_FOLDER -- NVCC [ARGUMENT ...]

Compiles pointwise.cu and runs it. Where there is a GPU the program launches its kernels, and says so.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

REFUSED = re.compile(r"ardent::cuda: launching a pointwise trajectory failed with cudaError\w+ \([^()]+\)\. .*"
                     r"executor::host\.\n")


def main():
    include, separator, *command = sys.argv[1:]
    assert separator == "--", __doc__
    source = pathlib.Path(__file__).parent / "pointwise.cu"
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "pointwise")
        built = subprocess.run([*command, "-I", include, os.fspath(source), "-o", program], capture_output=True, text=True)
        if built.returncode:
            sys.exit(f"{source.name} does not compile:\n{built.stdout}{built.stderr}")
        ran = subprocess.run([program], capture_output=True, text=True)
    print(ran.stdout, ran.stderr, sep="")
    return 0 if ran.returncode == 0 and (ran.stdout == "launched\n" or REFUSED.fullmatch(ran.stdout)) else 1


if __name__ == "__main__":
    sys.exit(main())
