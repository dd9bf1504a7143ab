# SPDX-License-Identifier: Apache-2.0
"""A head in plain PyTorch under the official parameter names, its tokens by the sampler of
benchmarks/published/head.py; and a loop over AR steps around a stand-in for MAR's transformer."""
import math
import pathlib
import sys

import torch
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "benchmarks"))
from published.head import Diffusion, Head  # noqa: E402

CHANNELS, WIDTH, DEPTH, CONDITION = 6, 48, 2, 20  # neither whole quads nor whole vectors


class Named(nn.Module):
    """The tensors of benchmarks/published/head.py's Head under MAR's names; evaluated by that head."""

    def __init__(self, channels, width, depth, condition_width):
        super().__init__()
        head = Head(channels, width, depth, condition_width)
        with torch.no_grad():
            for block in head.blocks:  # or a norm that is left out would not be noticed
                block.norm.weight += 0.1 * torch.randn(width)
                block.norm.bias += 0.1 * torch.randn(width)

        def layers(*them):
            return nn.Sequential(*them)
        self.time_embed = nn.Module()
        self.time_embed.mlp = layers(head.time_in, nn.SiLU(), head.time_out)
        self.cond_embed, self.input_proj = head.condition, head.input
        self.res_blocks = nn.ModuleList()
        for block in head.blocks:
            named = nn.Module()
            named.in_ln = block.norm
            named.mlp = layers(block.mlp_in, nn.SiLU(), block.mlp_out)
            named.adaLN_modulation = layers(nn.SiLU(), block.modulation)
            self.res_blocks.append(named)
        self.final_layer = nn.Module()
        self.final_layer.adaLN_modulation = layers(nn.SiLU(), head.final_modulation)
        self.final_layer.linear = head.output
        object.__setattr__(self, "head", head)  # not a submodule: its tensors have their names already


def made(channels=CHANNELS, width=WIDTH, depth=DEPTH, condition_width=CONDITION, seed=1):
    torch.manual_seed(seed)
    return Named(channels, width, depth, condition_width).eval()


def noise_for(tokens, channels, evaluations):
    return torch.randn(tokens, channels), torch.randn(evaluations, tokens, channels)


def in_pytorch(head, steps, latest, z, cfg, temperature, noise):
    """The published loop's tokens. Without guidance: both branches the same, and a scale that keeps them."""
    both = z if cfg != 1.0 else torch.cat([z, z])
    diffusion = Diffusion(steps, 999 if latest is None else latest)
    tokens = diffusion.sample(head, both, cfg, temperature, *noise)
    return tokens[: len(both) // 2]


class Loop(nn.Module):
    """Masked generation with a stand-in for the transformer: one layer over the mean of what is known."""

    def __init__(self, net, tokens, channels, condition_width):
        super().__init__()
        self.diffloss = nn.Module()
        self.diffloss.net = net
        self.tokens, self.channels = tokens, channels
        self.places = nn.Parameter(torch.randn(2, tokens, condition_width))
        self.layer = nn.Linear(channels, condition_width)

    @torch.no_grad()
    def sample_tokens(self, images, ar_steps, cfg=1.0, temperature=1.0, orders=None, sample=None):
        """sample: in place of diffloss.sample(z, temperature, cfg), called with (z, temperature, cfg, step, mask)."""
        call = sample or (lambda z, temperature, cfg, step, mask: self.diffloss.sample(z, temperature, cfg))
        tokens = torch.zeros(images, self.tokens, self.channels)
        orders = torch.rand(images, self.tokens).argsort(dim=1) if orders is None else orders
        known = torch.zeros(images, self.tokens, dtype=torch.bool)
        branches = 1 if cfg == 1.0 else 2
        for step in range(ar_steps):
            unknown = self.tokens - int(known[0].sum())
            after = max(1, min(unknown - 1, math.floor(self.tokens * math.cos(math.pi / 2 * (step + 1) / ar_steps))))
            after = 0 if step + 1 == ar_steps else after
            next_known = torch.zeros_like(known).scatter_(1, orders[:, : self.tokens - after], True)
            mask = next_known & ~known
            # a product for each image: its bits must not depend on the batch
            seen = torch.stack([self.layer(image.mean(dim=0)) for image in tokens])
            z = (seen[None, :, None] + self.places[:branches, None]).flatten(0, 1)
            mask = torch.cat([mask] * branches)
            drawn = call(z[mask], temperature, cfg, step, mask)
            mask, drawn = mask[:images], drawn[: len(drawn) // branches]
            tokens[mask] = drawn
            known = next_known
        return tokens
