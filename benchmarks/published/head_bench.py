#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The diffusion head on the host: ardent against the published head in PyTorch, and against what the machine can do.

usage: ./dev bench head [--tokens 1,4,16,64,512] [--formats float32,bf16] [--rounds 5] [--threads 2] [--crossover] ...

MAR-B's head (width 1024, depth 6, z 768, 16 channels, DDPM of 50 steps with learned range, guided). Both get the same
weights, conditions and noise, and take turns; all figures are medians. PyTorch runs published/head.py, which recomputes
the embeddings of times and conditions at each step and evaluates both branches, in float32. Prints Markdown.

--crossover compares, in place of PyTorch, modulations computed ahead of the steps with those computed in the loop.
"""
import argparse
import pathlib
import sys
import tempfile
import time

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from published import floor, harness  # noqa: E402
from published.head import Diffusion, Head, write_case  # noqa: E402

SIZES = floor.Head(channels=16, width=1024, depth=6, condition_width=768)
SCALE, TEMPERATURE = 3.0, 1.0


def made_head():
    """Random weights, the norms' too."""
    torch.manual_seed(1)
    head = Head(SIZES.channels, SIZES.width, SIZES.depth, SIZES.condition_width).eval()
    with torch.no_grad():
        for block in head.blocks:
            block.norm.weight += 0.1 * torch.randn_like(block.norm.weight)
            block.norm.bias += 0.1 * torch.randn_like(block.norm.bias)
    return head


def torch_product(name, size):
    """A product of size x size matrices in PyTorch, or None where it has none of the format."""
    if name == "int8":
        a, b = (torch.randint(-127, 128, (size, size), dtype=torch.int8) for _ in range(2))
        return lambda: torch._int_mm(a, b)
    kind = {"float32": torch.float32, "bf16": torch.bfloat16}.get(name)
    if kind is None:
        return None
    a, b = (torch.randn(size, size, dtype=kind) for _ in range(2))
    out = torch.empty(size, size, dtype=kind)
    return lambda: torch.mm(a, b, out=out)


class Ceilings:
    """What the machine was seen to do: medians of a moment, of which the largest of all moments counts."""

    def __init__(self, program, formats):
        self.program, self.formats = program, formats
        # a quarter of it: it may be shared, and second-level caches hold less
        self.cached = harness.last_level_cache() // 4 or 8 << 20
        self.reading, self.cache, self.product = {}, 0.0, {}

    def measure(self):
        def larger(of, key, value):
            of[key] = max(of.get(key, (0.0, "")), value)
        time.sleep(harness.PAUSE)
        self.cache = max(self.cache, self.program.ask("read", self.cached)["rate"])
        for name, size in self.formats.items():
            larger(self.reading, name, (self.program.ask("read", SIZES.sequential_bytes(size))["rate"], ""))
            larger(self.product, name, (self.program.ask("product", name)["rate"], "ardent"))
        for name in self.formats:
            for side in (1024, 2048):
                run = torch_product(name, side)
                if run is None:
                    continue
                run()
                seconds = harness.median(harness.timed(run) for _ in range(5))
                larger(self.product, name, (2 * side**3 / seconds, "PyTorch"))

    def text(self):
        rows = [[f"reading {SIZES.sequential_bytes(size) / 1e6:.1f} MB, the weights of a step in {name}",
                 f"{self.reading[name][0] / 1e9:.1f} GB/s"] for name, size in self.formats.items()]
        rows.append([f"reading {self.cached / 1e6:.1f} MB, in the last-level cache", f"{self.cache / 1e9:.1f} GB/s"])
        rows += [[f"matrix product in {name} (by {by})", f"{rate / 1e9:.0f} GFLOP/s"]
                 for name, (rate, by) in self.product.items()]
        return harness.table(("ceiling", "measured"), rows)


class Comparison:
    """A case, and both who draw it."""

    def __init__(self, chosen, folder):
        self.chosen, self.folder = chosen, folder
        most = max(chosen.tokens)
        self.head = made_head()
        self.z = torch.randn(2, most, SIZES.condition_width)
        self.start = torch.randn(most, SIZES.channels)
        self.draws = torch.randn(chosen.steps, most, SIZES.channels)
        case = folder / "case"
        write_case(case, self.head, self.z, self.start, self.draws, SCALE, TEMPERATURE)
        program = harness.PROGRAMS / "head_trajectories"
        self.program = harness.Program(program, case, chosen.threads, *filter(None, [chosen.level]))
        case.unlink()  # it is in memory
        self.formats = {f["name"]: f["weight_bytes"] for f in self.program.about["formats"]
                        if chosen.formats is None or f["name"] in chosen.formats}
        self.ceilings = Ceilings(self.program, self.formats)

    def steps(self, tokens):
        return self.chosen.steps if tokens <= 64 else min(self.chosen.steps, self.chosen.many_steps)

    def published(self, tokens):
        """PyTorch's samples."""
        z = self.z[:, :tokens].reshape(2 * tokens, -1)
        diffusion = Diffusion(self.steps(tokens))
        return diffusion.sample(self.head, z, SCALE, TEMPERATURE, self.start[:tokens], self.draws[:, :tokens])[:tokens]

    def prepare(self, name, form, tokens, modulations="default"):
        """A measurement: seconds of one of ardent's steps."""
        steps = self.steps(tokens)
        self.program.ask("prepare", name, form, tokens, steps, modulations)
        # short trajectories several times, so that what comes before them counts less
        repeats = max(1, min(8, round(0.3 / self.program.ask("run", name)["seconds"])))
        return lambda: sum(self.program.ask("run", name)["seconds"] for _ in range(repeats)) / repeats / steps

    def samples(self, name):
        path = self.folder / "samples"
        self.program.ask("samples", name, path)
        return numpy.fromfile(path, "<f4").reshape(-1, SIZES.channels)

    def rows(self, tokens):
        """For each format: its name, the medians of ardent and PyTorch, and the largest difference."""
        steps = self.steps(tokens)
        expected = self.published(tokens).numpy()
        arms = {"PyTorch": lambda: harness.timed(lambda: self.published(tokens)) / steps}
        differences = {}
        for name in self.formats:
            arms[name] = self.prepare(name, name, tokens)
            differences[name] = float(numpy.abs(self.samples(name) - expected).max() / numpy.abs(expected).max())
        found = harness.alternate(arms, self.chosen.rounds)
        worst = max(harness.spread(values) for values in found.values())
        harness.progress(f"{tokens} tokens: quartiles within {worst:.0f} % of the medians")
        theirs = harness.median(found["PyTorch"])
        return [(tokens, name, harness.median(found[name]), theirs, differences[name]) for name in self.formats]

    def line(self, tokens, name, ours, theirs, difference):
        size, steps = self.formats[name], self.steps(tokens)
        least = SIZES.floor(tokens, steps, size, self.ceilings.reading[name][0], self.ceilings.product[name][0])
        return [tokens if steps == self.chosen.steps else f"{tokens} *", name, f"{1e3 * ours:.2f}",
                f"{1e3 * theirs:.2f}", f"{theirs / ours:.2f}", f"{SIZES.sequential_bytes(size) / ours / 1e9:.1f}",
                f"{SIZES.flop(tokens, steps) / ours / 1e9:.0f}", f"{1e3 * least:.2f}", f"{100 * least / ours:.0f} %",
                f"{difference:.1e}"]


def compared(comparison):
    """The tables of the comparison with PyTorch."""
    found = []
    for tokens in comparison.chosen.tokens:
        comparison.ceilings.measure()
        found += comparison.rows(tokens)
    comparison.ceilings.measure()
    heads = ("tokens", "format", "ardent, ms", "PyTorch, ms", "ratio", "GB/s", "GFLOP/s", "floor, ms", "of the floor",
             "difference")
    steps, few = comparison.chosen.steps, comparison.chosen.many_steps
    lines = [comparison.line(*row) for row in found]
    marked = any("*" in str(line[0]) for line in lines)
    return (f"{comparison.ceilings.text()}\n"
            f"A denoising step of MAR-B's head: the median of {comparison.chosen.rounds} trajectories of {steps} "
            f"steps, by their steps. GB/s are of the weights that each step has to read.\n\n"
            f"{harness.table(heads, lines)}\n"
            + (f"\\* {few} denoising steps were timed in place of {steps}.\n" if marked else ""))


def crossover(comparison):
    """Modulations ahead of the steps against those in the loop."""
    rows = []
    for tokens in comparison.chosen.tokens:
        arms = {(name, how): comparison.prepare(f"{name}/{how}", name, tokens, how)
                for name in comparison.formats for how in ("in_loop", "hoisted")}
        found = harness.alternate(arms, comparison.chosen.rounds)
        for name in comparison.formats:
            loop, ahead = (1e3 * harness.median(found[name, how]) for how in ("in_loop", "hoisted"))
            rows.append([tokens, name, f"{loop:.2f}", f"{ahead:.2f}", f"{loop / ahead:.2f}"])
    return harness.table(("tokens", "format", "in the loop, ms", "ahead, ms", "ratio"), rows)


def main():
    def numbers(text):
        return [int(word) for word in text.split(",")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=numbers, default=[1, 4, 16, 64, 512])
    parser.add_argument("--formats", type=lambda text: text.split(","), help="all, unless said")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--many-steps", type=int, default=10, help="with more than 64 tokens")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--level", help="ardent's instructions: baseline, avx2, avx512; the best, unless said")
    parser.add_argument("--crossover", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(chosen, pathlib.Path(folder))
        with comparison.program:
            text = crossover(comparison) if chosen.crossover else compared(comparison)
            more = f", {comparison.program.about['level']}"
            print(harness.heading(torch.__version__, chosen.threads, more) + "\n" + text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
