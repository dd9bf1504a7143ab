#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times ../published/head.py on a GPU, and compares its samples with ardent's. Prints a line of JSON for each result.

usage: published_bench.py time [--seconds S] [--models B,L,H]
       published_bench.py agree DRAW_CASE [--how fp32,bf16] [--device cuda]

time:   the loop of 50 steps for 4 tokens an image, guided: eager in float32 as published; under fp16 autocast; with the
        network compiled; as one CUDA graph; and a graph of the compiled network. The published network recomputes the
        embeddings of times and conditions at each step, and so does this one. First the rate of a large bfloat16 matrix
        product, a limit; then all codes and models with 1 and 256 images; then the other batches. What does not fit the
        time is left out, and said so.
agree:  writes a head's weights, conditions and noise, has DRAW_CASE draw them, and compares.
"""
import argparse
import contextlib
import copy
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from published.head import Diffusion, Head, write_case  # noqa: E402

CHANNELS, STEPS, TOKENS_OF_IMAGE, SCALE = 16, 50, 4, 3.0
BATCHES = [[1, 256], [16, 64, 4]]  # the most telling ones first, of all codes, should time run out
MODELS = {"MAR-B": (1024, 6, 768), "MAR-L": (1280, 8, 1024), "MAR-H": (1536, 12, 1280)}
# Largest difference over the largest sample. Float's roundings over 50 steps (3e-6 was seen on the host, fp32 products
# have a bit less); bfloat16 keeps 8 bits of weights and activations.
BOUNDS = {"host": 1e-4, "fp32": 2e-4, "bf16": 5e-2}


def say(**fields):
    print(json.dumps(fields), flush=True)


def median_time(run, seconds):
    """(seconds, repeats) of a run by CUDA events: two runs to warm up, then 3 to 30."""
    def once():
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        run()
        last.record()
        last.synchronize()
        return first.elapsed_time(last) * 1e-3
    run()
    repeats = min(max(int(seconds / once()), 3), 30)
    return float(numpy.median([once() for _ in range(repeats)])), repeats


def matrix_rate():
    """FLOP/s of a bfloat16 product of 8192 x 8192 matrices of random numbers."""
    size = 8192
    a, b = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    out = torch.empty(size, size, device="cuda", dtype=torch.bfloat16)
    seconds, _ = median_time(lambda: torch.mm(a, b, out=out), 0.3)
    say(kind="limit", name="bf16 product by PyTorch", value=2 * size**3 / seconds, unit="FLOP/s")


def captured(run):
    """run() as a CUDA graph's replay, after warming up beside the default stream as capturing wants it."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        run()
        run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def codes(head, kept, diffusion):
    """name -> (autocast?, images -> callable), those that are quick to prepare first. kept: the head for tables."""
    compiled = torch.compile(kept.guided, dynamic=True)  # one compilation for all batches

    def inputs(images):
        rows = 2 * TOKENS_OF_IMAGE * images
        z = torch.randn(rows, head.condition.in_features, device="cuda")
        return z, torch.randn(rows, CHANNELS, device="cuda"), diffusion.on("cuda", rows)

    def eager(images):
        z = inputs(images)[0]
        return lambda: diffusion.sample(head, z, SCALE)

    def tables(guided):
        def make(images):
            z, start, prepared = inputs(images)
            return lambda: diffusion.sample_from_tables(guided, prepared, start, z, SCALE)
        return make

    quick = {"eager": (False, eager), "fp16 autocast": (True, eager),
             "CUDA graph": (True, lambda images: captured(tables(kept.guided)(images)))}
    slow = {"torch.compile": (True, tables(compiled)),
            "compiled CUDA graph": (True, lambda images: captured(tables(compiled)(images)))}
    return quick, slow


def time_all(models, seconds):
    deadline = time.monotonic() + seconds
    torch.manual_seed(1)
    say(kind="pytorch", version=torch.__version__, cuda=torch.version.cuda)
    matrix_rate()
    diffusion = Diffusion(STEPS)
    heads = {name: Head(CHANNELS, *MODELS[name]).cuda().eval() for name in models}
    of_model = {name: codes(head, copy.deepcopy(head).keeps_frequencies(), diffusion) for name, head in heads.items()}
    for batches, slow in itertools.product(BATCHES, (False, True)):
        for name in models:
            for code, (autocast, make) in of_model[name][slow].items():
                for images in batches:
                    if time.monotonic() > deadline:
                        say(kind="left out", code=code, model=name, images=images, why="the time was up")
                        continue
                    try:
                        # entered once: weights are cast once, as over a whole generation
                        with torch.autocast("cuda", torch.float16) if autocast else contextlib.nullcontext():
                            found, repeats = median_time(make(images), 0.2)
                    except Exception as e:  # a compiler's failure must not cost the other figures
                        say(kind="left out", code=code, model=name, images=images,
                            why=f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}")
                        continue
                    say(kind="head", code=code, model=name, images=images, seconds=found / STEPS, repeats=repeats)


def agree(draw_case, hows, device):
    """True if all samples are within their bounds."""
    torch.manual_seed(2)
    good = True
    for name, sizes, tokens, steps in (("small", (64, 2, 40), 5, 7), ("MAR-B", MODELS["MAR-B"], 8, STEPS)):
        head = Head(CHANNELS, *sizes).to(device).eval()
        with torch.no_grad():
            for block in head.blocks:
                block.norm.weight += 0.1 * torch.randn_like(block.norm.weight)
                block.norm.bias += 0.1 * torch.randn_like(block.norm.bias)
        z = torch.randn(2 * tokens, sizes[2], device=device)
        start, draws = torch.randn(tokens, CHANNELS, device=device), torch.randn(steps, tokens, CHANNELS, device=device)
        expected = Diffusion(steps).sample(head, z, SCALE, 0.9, start, draws)[:tokens].cpu().numpy()
        with tempfile.TemporaryDirectory() as folder:
            case, samples = os.path.join(folder, "case"), os.path.join(folder, "samples")
            write_case(case, head, z, start, draws, SCALE, 0.9)
            for how in hows:
                ran = subprocess.run([draw_case, case, samples, how], capture_output=True, text=True)
                if ran.returncode:
                    sys.exit(f"draw_case {how}: {ran.stdout}{ran.stderr}")
                found = numpy.fromfile(samples, "<f4").reshape(expected.shape)
                difference = float(numpy.abs(found - expected).max() / numpy.abs(expected).max())
                fine = bool(difference < BOUNDS[how])  # false for NaN too
                good = good and fine
                say(kind="agreement", case=name, how=how, difference=difference, bound=BOUNDS[how], agrees=fine)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    timing = commands.add_parser("time")
    timing.add_argument("--seconds", type=float, default=240)
    timing.add_argument("--models", default="B,L,H")
    agreeing = commands.add_parser("agree")
    agreeing.add_argument("draw_case")
    agreeing.add_argument("--how", default="fp32,bf16")
    agreeing.add_argument("--device", default="cuda")
    chosen = parser.parse_args()
    if chosen.command == "agree":
        return 0 if agree(chosen.draw_case, chosen.how.split(","), chosen.device) else 1
    if not torch.cuda.is_available():
        print("skipped: PyTorch finds no GPU")
        return 77
    time_all([f"MAR-{letter}" for letter in chosen.models.split(",")], chosen.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
