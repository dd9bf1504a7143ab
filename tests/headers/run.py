#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles every header alone, included twice, with warnings as errors.

usage: run.py INCLUDE_FOLDER [--cccl FOLDER] -- COMPILER [ARGUMENT ...]

Headers in a folder or file named thrust* need CCCL, those named openmp* OpenMP, and *.cuh or cuda* nvcc: a compiler
that lacks what a header needs leaves it out.
"""
import argparse
import concurrent.futures
import os
import pathlib
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
    for header in left_out:
        print(f"left out: {header} needs {needs(header)}")
    print(f"{len(jobs) - len(bad)} of {len(jobs)} headers compile alone")
    return 1 if bad or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
