#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What LazyMAR's caches save of MAR's time on the host, alone and with DiSA.

usage: ./dev bench lazymar [--rounds 3] [--threads 1] [--ar-steps 64] [--steps 100,50:5] [--caches none,tokens,...]

A MAR of a third of MAR-B's width and half its depth with random weights (made once, in build/bench-data) draws one
image, guided, with examples/mar; the choices take turns. Seconds are those that the process computes (user and system,
all threads), so that what else runs on the machine counts little; they are shared out to backbone and head as the
program's own clock has them. Markdown is printed. Random weights say nothing about pictures: with them the caches cost
no quality and save as much time as with any others.
"""
import argparse
import json
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from published import harness, tensors  # noqa: E402
from published.mar import Mar, official_name  # noqa: E402

SIZES = {"img_size": 256, "vae_stride": 16, "patch_size": 1, "encoder_embed_dim": 256, "encoder_depth": 6,
         "encoder_num_heads": 4, "decoder_embed_dim": 256, "decoder_depth": 6, "decoder_num_heads": 4,
         "mlp_ratio": 4.0, "vae_embed_dim": 16, "class_num": 100, "buffer_size": 64, "diffloss_d": 6,
         "diffloss_w": 384, "norm_layer": "LayerNorm(eps=1e-6)"}
CACHES = ("none", "tokens", "conditions", "tokens+conditions", "head", "all")


def made():
    """Files of such a network, made once."""
    stem = harness.ROOT / "build/bench-data/lazymar"
    if not stem.with_suffix(".json").exists():
        stem.parent.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(5)
        with torch.no_grad():
            values = {}
            for name, value in Mar(SIZES).named_parameters():
                norm = name.endswith("weight") and "norm" in name or name == "z_proj_ln.weight"
                values[official_name(name)] = (0.02 * torch.randn_like(value) + float(norm)).numpy()
        tensors.write(stem.with_suffix(".safetensors"), values)
        stem.with_suffix(".json").write_text(json.dumps({"constructor": SIZES}))  # last: it says that all is there
    return stem.with_suffix(".safetensors")


def cost(weights, steps, cache, chosen):
    """A measurement: seconds in all, and in the backbone."""
    def measure():
        with tempfile.TemporaryDirectory() as folder:
            command = [chosen.program, "--weights", weights, "--labels", 7, "--ar-steps",
                       chosen.ar_steps, "--steps", steps, "--threads", chosen.threads, "--dump", f"{folder}/tokens",
                       "--cache", cache.replace("+", ",")]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            said = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        wall, backbone = (float(word) for word in re.search(r"([\d.]+) s: .* ([\d.]+) s in the backbone", said).groups())
        return total, total * backbone / wall
    return measure


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ar-steps", type=int, default=64)
    parser.add_argument("--steps", type=lambda text: text.split(","), default=["100", "50:5"])
    parser.add_argument("--caches", type=lambda text: text.split(","), default=CACHES)
    parser.add_argument("--program", default=harness.ROOT / "build/bench/examples/mar/mar", help="another mar")
    chosen = parser.parse_args()
    weights = made()
    arms = {(steps, cache): cost(weights, steps, cache, chosen) for steps in chosen.steps for cache in chosen.caches}
    found = {arm: sorted(values)[len(values) // 2] for arm, values in harness.alternate(arms, chosen.rounds).items()}
    first = found[chosen.steps[0], chosen.caches[0]][0]
    rows = []
    for (steps, cache), (total, backbone) in found.items():
        rows.append([steps.replace(":", " to "), cache, f"{total:.2f}", f"{backbone:.2f}", f"{total - backbone:.2f}",
                     f"{found[steps, chosen.caches[0]][0] / total:.2f}", f"{first / total:.2f}"])
    print(harness.heading(torch.__version__, chosen.threads))
    print(f"{chosen.ar_steps} AR steps, guided, one image; the median of {chosen.rounds}.\n")
    print(harness.table(("denoising steps", "cache", "CPU seconds an image", "backbone", "head",
                         "gain over no cache", "gain over the first line"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
