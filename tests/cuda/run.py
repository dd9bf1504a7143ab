#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles every .cu file beside this script with nvcc, down to machine code. No GPU is needed.

usage: run.py INCLUDE_FOLDER -- NVCC [ARGUMENT ...]
"""
import os
import pathlib
import subprocess
import sys
import tempfile


def main():
    include, separator, *command = sys.argv[1:]
    assert separator == "--", __doc__
    sources = sorted(pathlib.Path(__file__).parent.glob("*.cu"))
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            output = os.path.join(folder, "out.o")
            full = [*command, "-I", include, "-c", os.fspath(source), "-o", output]
            result = subprocess.run(full, capture_output=True, text=True)
            if result.returncode:
                bad += 1
                print(f"{source.name} does not compile:\n{result.stdout}{result.stderr}")
    print(f"{len(sources) - bad} of {len(sources)} files compile")
    return 1 if bad or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
