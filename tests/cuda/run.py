#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The headers as a user's .cu files include them: what of tests/cuda no other test makes machine code of compiles without
a warning and links, in one program for several architectures. No GPU is needed.

usage: run.py INCLUDE_FOLDER -- NVCC [ARGUMENT ...]

The kernels that .cu files state at their top are compiled for every architecture by the test cuda_machine_code.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCES = ("compile.cu", "headers.cu", "speculative.cu")


def main():
    include, separator, *command = sys.argv[1:]
    assert separator == "--", __doc__
    with tempfile.TemporaryDirectory() as folder:
        def run(*words):
            result = subprocess.run([*command, *map(os.fspath, words)], capture_output=True, text=True)
            if result.returncode or result.stderr:
                sys.exit(f"nvcc {' '.join(map(str, words))}\n{result.stdout}{result.stderr}")

        def compiled(source):
            output = pathlib.Path(folder, source + ".o")
            run("-I", include, "-c", pathlib.Path(__file__).parent / source, "-o", output)
            return output

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(compiled, SOURCES))
        run(*objects, "-o", pathlib.Path(folder, "program"))
    print(f"{len(SOURCES)} files compile and link")
    return 0


if __name__ == "__main__":
    sys.exit(main())
