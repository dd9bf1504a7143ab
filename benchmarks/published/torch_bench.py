#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The head from within PyTorch, on the host: examples/torch against the published `sample` in PyTorch.

usage: ./dev bench torch [--tokens 1,4,16,64] [--rounds 5] [--threads 2] [--head mar_b|fashion_mar]

50 denoising steps of DDPM with learned range on respaced steps up to 950 (48 evaluations), guided. Both get the same
weights, random conditions and noise in one Python process, and take turns; all figures are medians. Prints Markdown.
"""
import argparse
import pathlib
import sys

import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("benchmarks", "examples/torch/tools", "tests/examples/torch")]
from build_ardent_torch import build  # noqa: E402
from named_head import Named  # noqa: E402
from published import harness, tensors  # noqa: E402
from published.head import Diffusion  # noqa: E402

SCALE, TEMPERATURE, STEPS, CLIP = 3.0, 1.0, 50, 950


def made_head(name):
    """(parameters by name, how it is called): MAR-B's sizes with random weights, or the shipped one's."""
    torch.manual_seed(1)
    if name == "mar_b":
        return Named(16, 1024, 6, 768).eval(), "MAR-B's sizes (width 1024, depth 6, z 768, 16 channels), random weights"
    net, prefix = Named(16, 192, 3, 128).eval(), "diffloss.net."
    state = tensors.read(ROOT / "models/fashion_mar/fashion_mar.safetensors")
    net.load_state_dict({name[len(prefix):]: torch.tensor(values) for name, values in state.items()
                         if name.startswith(prefix)})
    return net, "the head of models/fashion_mar (width 192, depth 3, z 128, 16 channels)"


def compared(ardent_torch, net, chosen):
    heads = {storage: ardent_torch.diffusion_head(net, str(STEPS), CLIP, storage, chosen.threads)
             for storage in ("float32", "bfloat16")}
    diffusion, rows = Diffusion(STEPS, CLIP), []
    for tokens in chosen.tokens:
        z = torch.randn(2 * tokens, net.cond_embed.in_features)
        start, draws = torch.randn(tokens, 16), torch.randn(len(diffusion), tokens, 16)
        drawn = {}

        def published():
            drawn["PyTorch"] = diffusion.sample(net.head, z, SCALE, TEMPERATURE, start, draws)[:tokens]

        def ours(storage):
            drawn[storage] = heads[storage].sample(z, TEMPERATURE, SCALE, noise=(start, draws))[:tokens]
        runs = {"PyTorch": published, **{storage: lambda storage=storage: ours(storage) for storage in heads}}
        for run in runs.values():
            run()  # the first run of each also finds its memory
        arms = {name: lambda run=run: harness.timed(run) for name, run in runs.items()}
        found = harness.alternate(arms, chosen.rounds)
        seconds = {name: harness.median(values) for name, values in found.items()}
        for storage in heads:
            apart = float((drawn[storage] - drawn["PyTorch"]).abs().max())
            rows.append([tokens, storage, f"{1e3 * seconds['PyTorch']:.1f}", f"{1e3 * seconds[storage]:.1f}",
                         f"{seconds['PyTorch'] / seconds[storage]:.1f}", f"{apart:.1e}"])
    heads_of_columns = ("tokens", "storage", "PyTorch float32, ms", "ardent_torch, ms", "ratio", "largest difference")
    return harness.table(heads_of_columns, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=lambda text: [int(word) for word in text.split(",")], default=[1, 4, 16, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--head", choices=["mar_b", "fashion_mar"], default="mar_b")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    harness.progress("building ardent_torch")
    sys.path.insert(0, str(build(ROOT / "build/torch")))
    import ardent_torch
    net, name = made_head(chosen.head)
    text = compared(ardent_torch, net, chosen)
    print(harness.heading(torch.__version__, chosen.threads) + f"\n{name[0].upper()}{name[1:]}.\n\n{text}", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
