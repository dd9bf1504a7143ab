#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Launch code on a CUDA runtime that runs nothing, without a GPU: the tests in runtime/*.cu, or the tests that are named
and what they test.

usage: fake_runtime.py INCLUDE_FOLDER [SOURCE ...] -- NVCC [ARGUMENT ...]

Compiles them, the fake runtime and the fake cuBLASLt (fake_runtime.hpp and fake_blaslt.hpp say what they do) into one
doctest program, and runs it. A function of the runtime that a test reaches and the fake lacks is an error here.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# What may come from the real runtime, which needs no driver for it.
FROM_RUNTIME = {"cudaGetErrorName", "cudaGetErrorString"}


def run(command):
    """Runs a compiler; its messages are the test's if it fails."""
    result = subprocess.run([os.fspath(word) for word in command], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(os.fspath(word) for word in command)}\n{result.stdout}{result.stderr}")
    return result.stdout


def main():
    assert "--" in sys.argv[2:], __doc__
    separator = sys.argv.index("--", 2)
    include, *named = sys.argv[1:separator]
    nvcc = sys.argv[separator + 1:]
    here = pathlib.Path(__file__).parent
    tests = here.parent
    chosen = [pathlib.Path(source) for source in named] or sorted((here / "runtime").glob("*.cu"))
    sources = [*chosen, *sorted(here.glob("fake_*.cpp")), tests / "main.cpp",
               tests / "support/environment.cpp"]
    with tempfile.TemporaryDirectory() as folder:
        def compiled(source):
            output = pathlib.Path(folder, source.name + ".o")
            run([*nvcc, "-I", include, "-I", tests, "-c", source, "-o", output])
            return output

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(compiled, sources))
        program = pathlib.Path(folder, "fake_runtime")
        run([*nvcc, "-cudart=shared", *objects, "-o", program])
        missing = set(re.findall(r" U (_*cuda\w+)", run(["nm", "--dynamic", program]))) - FROM_RUNTIME
        if missing:
            sys.exit(f"fake_runtime*.cpp: expected a stand-in for {', '.join(sorted(missing))}, found none")
        libraries = pathlib.Path(os.path.realpath(shutil.which(nvcc[0]) or nvcc[0])).parent.parent / "lib64"
        paths = [os.fspath(libraries), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        return subprocess.run([program], env={**os.environ, "LD_LIBRARY_PATH": ":".join(paths)}).returncode


if __name__ == "__main__":
    sys.exit(main())
