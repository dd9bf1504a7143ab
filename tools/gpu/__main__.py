#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs the tests and benchmarks of a machine with an NVIDIA GPU, and writes docs/benchmarks/gpu-CARD.md.

usage: ./dev gpu [--only tests|sanitizers|benchmarks] [--seconds S] [--out FOLDER] [--built]
       tools/gpu --build-only [--nvcc NVCC] [--arch 90] [--out FOLDER]
       tools/gpu --compile-only [--nvcc NVCC] [--arch 90] [--out FOLDER] [--compiled MESON_FOLDER]

In order: all programs of tests/gpu and benchmarks/gpu are built for the card's own architecture; the tests run; they
run again in small sizes under compute-sanitizer, where there is one; the benchmarks run, of which the comparison with
PyTorch gets what is left of the time. Nothing is installed or fetched. Results are kept in FOLDER (build/gpu) as
results.jsonl. The last line has the totals.

Where a machine with a card is lent by the minute, build elsewhere: --build-only leaves the programs in FOLDER, which
may then be carried there, and --built runs what it finds in it.

--compile-only is for machines without a GPU: it builds one program of each kind and checks that each says so. Of the
examples' sources that Meson has compiled in a folder, --compiled links the objects; each program's own list still says
which.
"""
import argparse
import datetime
import importlib.util
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

import checks
from build import Toolchain, find_nvcc, programs

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCHMARKS = ("limits_bench", "step_bench", "head_b_bench", "head_l_bench", "head_h_bench")
NO_DOCTEST = """dev: the GPU tests need doctest, which is one header, and it is not here. On a machine that has it
(Debian: doctest-dev) copy the folder /usr/include/doctest to subprojects/doctest/doctest of this checkout and bring
that along; or name the folder that holds doctest/doctest.h in DOCTEST_INCLUDE. `./dev gpu --only benchmarks` does
without."""


def say(text):
    print(f"== {text}", flush=True)


def stop(text):
    sys.exit(f"dev: {text}")


def card():
    """What nvidia-smi says of the first visible card."""
    fields = ["name", "compute_cap", "driver_version", "memory.total", "clocks.max.sm", "power.limit"]
    which = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0] or "0"
    try:
        answer = subprocess.run(["nvidia-smi", "-i", which, f"--query-gpu={','.join(fields)}", "--format=csv,noheader"],
                                capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as e:
        stop(f"no NVIDIA GPU answers ({e}). Run this where nvidia-smi lists one.")
    return dict(zip(fields, (value.strip() for value in answer.splitlines()[0].split(","))))


class Run:
    """The stages, and what they found."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.deadline = time.monotonic() + chosen.seconds
        self.out = pathlib.Path(chosen.out)
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        nvcc = chosen.nvcc or find_nvcc() or stop("gpu needs nvcc of the CUDA toolkit 13.0 or newer, and there is none")
        self.card = {} if chosen.compile_only or chosen.build_only else card()
        arch = chosen.arch or self.card.get("compute_cap", "9.0").replace(".", "")
        self.toolchain = Toolchain(ROOT, nvcc, arch, self.out, optimised=not chosen.compile_only,
                                   compiled=chosen.compiled)
        self.built = []

    def left(self):
        return self.deadline - time.monotonic()

    def record(self, **fields):
        with open(self.out / "results.jsonl", "a") as file:
            file.write(json.dumps(fields) + "\n")

    def count(self, result, text=""):
        self.counts[result] += 1
        if result == "failed":
            print("\n".join(text.splitlines()[-60:]), flush=True)

    def build(self, kinds):
        wanted = [p for p in programs(ROOT) if p.kind in kinds and not (self.chosen.compile_only and p.variant)]
        if self.chosen.built:
            self.built = [p for p in wanted if self.toolchain.path(p).is_file()]
            for program in [p for p in wanted if p not in self.built]:
                say(f"{program.name}: FAILED, it is not in {self.out}")
                self.count("failed")
            return
        if any(p.kind == "test" for p in wanted) and self.toolchain.folder_of("doctest/doctest.h") is None:
            sys.exit(NO_DOCTEST)
        for program in [p for p in wanted if self.toolchain.lacks(p)]:
            say(f"{program.name}: skipped, there is no {', no '.join(self.toolchain.lacks(program))} here")
            wanted.remove(program)
            self.count("skipped")
        started = time.monotonic()
        messages = self.toolchain.build(wanted)
        for program, message in messages.items():
            say(f"{program.name}: FAILED to build")
            self.count("failed", message)
        self.built = [p for p in wanted if p not in messages]
        say(f"{len(self.built)} of {len(wanted)} programs built in {time.monotonic() - started:.0f} s")

    def paths(self, kind):
        return {p.name: self.toolchain.path(p) for p in self.built if p.kind == kind}

    def without_gpu(self):
        """Every program must say in one sentence that there is no GPU."""
        for program in self.built:
            words = ["a", "b", "fp32"] if program.name == "draw_case" else []
            ran = subprocess.run([self.toolchain.path(program), *words], capture_output=True, text=True)
            if ran.returncode == 0 and not ran.stderr:
                self.count("passed")  # there is one
                continue
            fine = ran.returncode == 77 and checks.SENTENCE.fullmatch(ran.stdout) and not ran.stderr
            self.count("passed" if fine else "failed",
                       f"{program.name}: expected one sentence and exit status 77, found {ran.returncode} and "
                       f"{ran.stdout!r} {ran.stderr!r}")

    def test(self, tool=None, path_of_tool=None, seconds=120):
        label = tool or "tests"
        deadline = time.monotonic() + min(seconds, max(self.left(), 1))
        for outcome in checks.run_all(self.paths("test"), deadline, tool, path_of_tool):
            self.record(**outcome.fields())
            self.count(outcome.result, f"{outcome.name} ({label}):\n{outcome.text}")
            cases = f", {outcome.skipped_cases} cases skipped" if outcome.skipped_cases else ""
            say(f"{label}: {outcome.name} {outcome.result} in {outcome.seconds:.1f} s{cases}")

    def sanitize(self):
        found = checks.sanitizer(self.toolchain.toolkit)
        if found is None:
            say("compute-sanitizer is not here: the tests were not run under it")
            self.record(kind="note", text="compute-sanitizer was not found")
            return
        for tool in checks.TOOLS:
            self.test(tool, found, self.chosen.sanitizer_seconds)

    def benchmark(self):
        paths = self.paths("benchmark")
        for name in [*BENCHMARKS, *sorted(set(paths) - set(BENCHMARKS) - {"draw_case"})]:
            if name in paths:
                self.lines_of(name, [paths[name]], 120)
        if importlib.util.find_spec("torch") is None:
            say("PyTorch is not here: nothing to compare with")
            self.record(kind="note", text="PyTorch was not found: no comparison with the published head")
            return
        script = [sys.executable, os.fspath(ROOT / "benchmarks/gpu/published_bench.py")]
        if "draw_case" in paths:
            self.lines_of("agreement", [*script, "agree", paths["draw_case"]], 90)
        seconds = self.left() - 45  # for the last measurement, and starting and ending
        if seconds > 30:
            self.lines_of("published head", [*script, "time", "--seconds", f"{seconds:.0f}"], self.left() - 5)
        else:
            say("published head: no time was left")
            self.record(kind="note", text="no time was left for the published head")

    def lines_of(self, name, command, seconds):
        """Runs what prints lines of JSON, and keeps them, also those before a failure."""
        outcome = checks.run_one(name, list(map(os.fspath, command)), None,
                                 time.monotonic() + min(seconds, max(self.left() - 5, 1)))
        lines = [line for line in outcome.text.splitlines() if line.startswith("{")]
        for line in lines:
            self.record(**json.loads(line))
        say(f"{name}: {len(lines)} results in {outcome.seconds:.0f} s")
        self.count(outcome.result, f"{name}:\n{outcome.text}")

    def begin(self):
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "results.jsonl").unlink(missing_ok=True)
        version = subprocess.run([self.toolchain.nvcc, "--version"], capture_output=True, text=True).stdout
        commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
        self.record(kind="run", date=datetime.date.today().isoformat(), nvcc=re.search(r"V[\d.]+", version)[0],
                    commit=commit.stdout.strip() or "unknown", command=shlex.join(["./dev", "gpu", *sys.argv[1:]]),
                    **self.card)

    def report(self):
        """Writes the document if there is something new to compare."""
        name = re.sub(r"[^a-z0-9]+", "-", self.card["name"].lower()).strip("-")
        path = ROOT / f"docs/benchmarks/gpu-{name}.md"
        script = ROOT / "benchmarks/gpu/report.py"
        subprocess.run([sys.executable, script, self.out / "results.jsonl", path], check=True)
        say(f"wrote {path.relative_to(ROOT)}; the numbers are in {self.out}/results.jsonl")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("tests", "sanitizers", "benchmarks"))
    parser.add_argument("--seconds", type=float, default=560, help="for all of it; a command may take 10 minutes")
    parser.add_argument("--sanitizer-seconds", type=float, default=75, help="for each of compute-sanitizer's tools")
    parser.add_argument("--out", default=os.fspath(ROOT / "build/gpu"))
    parser.add_argument("--compile-only", action="store_true")
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--built", action="store_true")
    parser.add_argument("--compiled", metavar="MESON_FOLDER")
    parser.add_argument("--nvcc")
    parser.add_argument("--arch", help="10 times a compute capability, instead of the card's")
    run = Run(parser.parse_args())
    only = run.chosen.only
    kinds = {"benchmarks": ("benchmark",), "tests": ("test",), "sanitizers": ("test",)}.get(only, ("test", "benchmark"))
    if run.chosen.compile_only:
        run.build(kinds)
        run.without_gpu()
    elif run.chosen.build_only:
        run.build(kinds)
        return 1 if run.counts["failed"] else 0
    else:
        say(f"{run.card['name']}, driver {run.card['driver_version']}; {run.chosen.seconds:.0f} s for all of it")
        run.begin()
        run.build(kinds)
        if only in (None, "tests"):
            run.test()
        if only in (None, "sanitizers"):
            run.sanitize()
        if only in (None, "benchmarks"):
            run.benchmark()
            run.report()
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**run.counts))
    return 1 if run.counts["failed"] or not run.counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
