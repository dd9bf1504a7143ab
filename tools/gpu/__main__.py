#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs the tests and benchmarks of a machine with an NVIDIA GPU, and writes docs/benchmarks/gpu-CARD.md.

usage: ./dev gpu [--only tests|sanitizers|benchmarks|torch] [--seconds S] [--out FOLDER] [--built]
       tools/gpu --build-only [--nvcc NVCC] [--arch 90] [--out FOLDER]
       tools/gpu --compile-only [--nvcc NVCC] [--arch 90] [--out FOLDER] [--compiled MESON_FOLDER]

In order: all programs of tests/gpu and benchmarks/gpu are built for the card's own architecture; the tests run; the
benchmarks run, and the comparison with PyTorch; the tests run again in small sizes under compute-sanitizer, where there
is one; and where there is PyTorch, its extension (examples/torch) is built and tested, if as much time is left as that
takes. No stage takes what the later ones need at least; where the matrix product's rate or PyTorch's times are missing
in the end, the run has failed. Nothing is installed or fetched. Results are kept in FOLDER (build/gpu) as
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
from plan import Plan

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.append(os.fspath(ROOT / "benchmarks/gpu"))
import report  # noqa: E402

# Seconds that each stage wants, and needs at least, in the order in which they run; of compute-sanitizer's tools see
# --sanitizer-seconds. A benchmark that is not named here comes before the comparison.
TESTS, OTHER_BENCHMARK, COMPARISON = (120, 45), (40, 10), (280, 170)
BENCHMARKS = {"limits_bench": (30, 10), "products_bench": (60, 20), "head_b_bench": (60, 20), "head_l_bench": (60, 20),
              "head_h_bench": (90, 30), "step_bench": (30, 5)}
AGREEMENT = (60, 25)
TORCH = 420  # for the extension at most
TORCH_LEAST = 150  # its kernels are not compiled in less
STARTING = 30  # of the comparison: to start, and for the last measurement to end
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
        self.plan = Plan(chosen.seconds)
        self.out = pathlib.Path(chosen.out)
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        nvcc = chosen.nvcc or find_nvcc() or stop("gpu needs nvcc of the CUDA toolkit 13.0 or newer, and there is none")
        self.card = {} if chosen.compile_only or chosen.build_only else card()
        arch = chosen.arch or self.card.get("compute_cap", "9.0").replace(".", "")
        self.toolchain = Toolchain(ROOT, nvcc, arch, self.out, optimised=not chosen.compile_only,
                                   compiled=chosen.compiled)
        self.built = []

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

    def make_plan(self, only):
        """The stages that will run. Of the programs, those that are built."""
        if only in (None, "tests"):
            self.plan.add("tests", *TESTS)
        if only in (None, "benchmarks"):
            paths = self.paths("benchmark")
            self.benchmarks = [*(n for n in BENCHMARKS if n in paths),
                               *sorted(set(paths) - set(BENCHMARKS) - {"draw_case"})]
            for name in self.benchmarks:
                self.plan.add(name, *BENCHMARKS.get(name, OTHER_BENCHMARK))
            if importlib.util.find_spec("torch") is not None:
                if "draw_case" in paths:
                    self.plan.add("agreement", *AGREEMENT)
                self.plan.add("comparison", *COMPARISON)
        if only in (None, "sanitizers"):
            for tool in checks.TOOLS:
                self.plan.add(tool, self.chosen.sanitizer_seconds, min(25, self.chosen.sanitizer_seconds))
        if only in (None, "torch") and importlib.util.find_spec("torch") is not None:
            self.plan.add("ardent_torch", TORCH, TORCH_LEAST if only else 0)
        if self.plan.least() > self.plan.left():
            text = (f"{self.plan.left():.0f} s are left for what needs {self.plan.least():.0f}: build first "
                    "(tools/gpu --build-only), or take more time (--seconds)")
            say(text)
            self.record(kind="note", text=text)

    def test(self, tool=None, path_of_tool=None):
        label = tool or "tests"
        deadline = time.monotonic() + max(self.plan.budget(label), 1)
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
            self.test(tool, found)

    def torch_extension(self):
        """The test of examples/torch, which builds it; not counted as failed if the time is up."""
        seconds = self.plan.budget("ardent_torch") if "ardent_torch" in self.plan.stages else 0
        if seconds < TORCH_LEAST:
            why = "the time was up" if "ardent_torch" in self.plan.stages else "there is no PyTorch"
            say(f"ardent_torch: skipped, {why}")
            self.record(kind="note", text=f"PyTorch's extension was not tested: {why}")
            self.count("skipped")
            return
        test = ROOT / "tests/examples/torch/ardent_torch_cuda_test.py"
        command = ["env", f"CUDA_HOME={self.toolchain.toolkit}", sys.executable, "-B", test, ROOT]
        outcome = checks.run_one("ardent_torch", list(map(os.fspath, command)), "PyTorch's extension",
                                 time.monotonic() + seconds)
        self.record(**outcome.fields())
        self.count(outcome.result, f"ardent_torch:\n{outcome.text}")
        said = f": {outcome.text.strip().splitlines()[-1]}" if outcome.result == "skipped" else ""
        say(f"ardent_torch: {outcome.result} in {outcome.seconds:.0f} s{said}")

    def benchmark(self):
        paths = self.paths("benchmark")
        for name in self.benchmarks:
            self.lines_of(name, [paths[name]])
        if "comparison" not in self.plan.stages:
            say("PyTorch is not here: nothing to compare with")
            self.record(kind="note", text="PyTorch was not found: no comparison with the published head")
            return
        script = [sys.executable, os.fspath(ROOT / "benchmarks/gpu/published_bench.py")]
        if "agreement" in self.plan.stages:
            self.lines_of("agreement", [*script, "agree", paths["draw_case"]])
        self.record(kind="comparison")
        seconds = max(self.plan.budget("comparison") - STARTING, 1)
        self.lines_of("comparison", [*script, "time", "--seconds", f"{seconds:.0f}"])

    def lines_of(self, name, command):
        """Runs what prints lines of JSON, and keeps them, also those before a failure."""
        outcome = checks.run_one(name, list(map(os.fspath, command)), None,
                                 time.monotonic() + max(self.plan.budget(name), 1))
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

    def check_results(self):
        """What no run with benchmarks may lack."""
        missing = report.missing(report.read(self.out / "results.jsonl"))
        for text in missing:
            say(f"MISSING: {text}")
        if missing:
            self.count("failed", "not all was measured that every run measures: see MISSING above")

    def report(self):
        """Writes the document if there is something new to compare."""
        name = re.sub(r"[^a-z0-9]+", "-", self.card["name"].lower()).strip("-")
        path = ROOT / f"docs/benchmarks/gpu-{name}.md"
        path.write_text(report.document(report.read(self.out / "results.jsonl")))
        say(f"wrote {path.relative_to(ROOT)}; the numbers are in {self.out}/results.jsonl")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("tests", "sanitizers", "benchmarks", "torch"))
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
    kinds = {"benchmarks": ("benchmark",), "tests": ("test",), "sanitizers": ("test",), "torch": ()}.get(
        only, ("test", "benchmark"))
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
        run.make_plan(only)
        if only in (None, "tests"):
            run.test()
        if only in (None, "benchmarks"):
            run.benchmark()
        if only in (None, "sanitizers"):
            run.sanitize()
        if only in (None, "torch"):
            run.torch_extension()
        if only in (None, "benchmarks"):
            run.check_results()
            run.report()
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**run.counts))
    return 1 if run.counts["failed"] or not run.counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
