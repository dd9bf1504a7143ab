#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles every header alone, included twice, with warnings as errors; and reads that none includes, by way of others
or for nvcc alone, CUDA, Thrust or OpenMP without being named for it.

usage: run.py INCLUDE_FOLDER [--cccl FOLDER] -- COMPILER [ARGUMENT ...]

Headers in a folder or file named thrust* need CCCL, those named openmp* OpenMP, and *.cuh or cuda* nvcc: a compiler
that lacks what a header needs leaves it out.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("include", type=pathlib.Path)
    parser.add_argument("--cccl", default="")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def needs(header):
    """What a header needs beyond a C++ compiler: "cuda", "thrust", "openmp" or ""."""
    if header.suffix == ".cuh":
        return "cuda"
    for part in (header.stem, *header.parent.parts):
        for need in ("cuda", "thrust", "openmp"):
            if part.startswith(need):
                return need
    return ""


FOREIGN = {
    "cuda": re.compile(r"cuda|cub/|cublas|cooperative_groups|nv/|mma\.h|curand"),
    "thrust": re.compile(r"thrust/"),
    "openmp": re.compile(r"omp\.h"),
}
ALSO_HAS = {"cuda": {"cuda", "thrust"}, "thrust": {"thrust"}, "openmp": {"openmp"}, "": set()}


def foreign_includes(header, include, seen):
    """Yields (need, which file, what it includes) for what a header includes of other libraries, ardent's in between."""
    seen.add(header)
    for name in re.findall(r"^\s*#\s*include\s*[<\"]([^>\"]+)", (include / header).read_text(), re.M):
        inner = pathlib.Path(name)
        if (include / inner).is_file():
            if inner not in seen:
                yield from foreign_includes(inner, include, seen)
        else:
            yield from ((need, header, name) for need, pattern in FOREIGN.items() if pattern.match(name))


def unannounced(header, include):
    """Includes that the name of a header does not tell of."""
    for need, where, name in foreign_includes(header, include, set()):
        if need not in ALSO_HAS[needs(header)]:
            yield f"{header}: expected no {need} in a header of this name, found <{name}> in {where}"


def extra_arguments(need, options, nvcc):
    """The compiler arguments that satisfy a need; None if this compiler cannot."""
    if need == "cuda":
        return [] if nvcc else None
    if need == "thrust" and not nvcc:
        return ["-isystem", options.cccl] if options.cccl else None
    if need == "openmp":
        return ["-Xcompiler=-fopenmp"] if nvcc else ["-fopenmp"]
    return []


def compile_alone(header, extra, options, nvcc):
    """The compiler's complaints about one header; empty if there are none."""
    text = f"#include <{header}>\n" * 2
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / ("alone.cu" if nvcc else "alone.cpp")
        source.write_text(text)
        stop = ["-c", "-o", os.fspath(source.with_suffix(".o"))] if nvcc else ["-fsyntax-only"]
        command = [*options.command, *stop, *extra, "-I", os.fspath(options.include), os.fspath(source)]
        result = subprocess.run(command, capture_output=True, text=True)
    output = (result.stdout + result.stderr).strip()
    return output or f"status {result.returncode}" if result.returncode else ""


def main():
    options = parse()
    nvcc = pathlib.Path(options.command[0]).name.startswith("nvcc")
    headers = sorted(p.relative_to(options.include) for p in options.include.rglob("*") if p.suffix in (".hpp", ".cuh"))
    jobs, left_out = {}, []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header in headers:
            extra = extra_arguments(needs(header), options, nvcc)
            if extra is None:
                left_out.append(header)
            else:
                jobs[header] = pool.submit(compile_alone, header, extra, options, nvcc)
    bad = {header: job.result() for header, job in jobs.items() if job.result()}
    for header, complaint in bad.items():
        print(f"{header} does not compile alone:\n{complaint}\n")
    hidden = [problem for header in headers for problem in unannounced(header, options.include)]
    print(*hidden, sep="\n", end="\n" if hidden else "")
    for header in left_out:
        print(f"left out: {header} needs {needs(header)}")
    print(f"{len(jobs) - len(bad)} of {len(jobs)} headers compile alone")
    return 1 if bad or hidden or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
