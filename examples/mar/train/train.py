#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small MAR on Fashion-MNIST, on the CPU or with --device cuda. See examples/common/train/README.md.

train.py --check STEM        compares this network with a recording such as mar_tiny
train.py --out FOLDER ...    trains
train.py --export ...        writes a checkpoint as a model
train.py --measure STEM      draws with a model and says how good it is
"""
import math
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "common" / "train"))

import fashion_mnist
import measuring
import training
from network import TrainedMar, mar

MARGIN, PATCH = 0, 2  # 14 x 14 tokens of 2 x 2 pixels
SIDE = fashion_mnist.SIDE // PATCH
LABEL_DROP, MASK_MEAN, MASK_DEVIATION, MASK_LEAST = 0.1, 1.0, 0.25, 0.7  # as published
CONSTRUCTOR = {
    "img_size": 28, "vae_stride": 1, "patch_size": PATCH, "encoder_embed_dim": 160, "encoder_depth": 3,
    "encoder_num_heads": 5, "decoder_embed_dim": 160, "decoder_depth": 4, "decoder_num_heads": 5, "mlp_ratio": 4.0,
    "vae_embed_dim": 1, "class_num": 10, "buffer_size": 4, "diffloss_d": 3, "diffloss_w": 192,
    "norm_layer": "LayerNorm(eps=1e-6)",
}
DERIVED = {"seq_len": SIDE**2, "seq_h": SIDE, "seq_w": SIDE, "token_embed_dim": PATCH**2, "layer_norm_eps": 1e-6,
           "gelu": "exact (erf)", "qkv_bias": True, "freq_dim": 256}
official_name = mar.official_name  # under which a model's file has a parameter


def document():
    """The model's JSON."""
    return {"constructor": CONSTRUCTOR, "derived": DERIVED, "pixels": fashion_mnist.pixels_member(MARGIN, PATCH),
            "labels": fashion_mnist.LABELS}


def build(of):
    """The network of a JSON."""
    return TrainedMar(of["constructor"])


def masked_share():
    """The share of tokens that a batch hides: a normal around 1, cut off at 0.7 and 1."""
    while True:
        share = MASK_MEAN + MASK_DEVIATION * torch.randn(()).item()
        if MASK_LEAST <= share <= 1:
            return share


def batches(network, batch, draws=1):
    """Arguments of network.loss, without end. Some random numbers of tokens are hidden, in each image others."""
    tokens, labels = fashion_mnist.training_tokens(MARGIN, PATCH)
    device = network.fake_latent.device
    tokens, labels = tokens.to(device), labels.to(device)
    length = tokens.shape[1]
    while True:
        order = torch.randperm(len(labels), device=device)
        for chosen in order[:len(order) // batch * batch].split(batch):
            hidden = math.ceil(length * masked_share())
            known = torch.rand(batch, length, device=device).argsort(1).argsort(1) >= hidden
            dropped = torch.rand(batch, device=device) < LABEL_DROP
            times = torch.randint(1000, (draws, batch, length), device=device)
            noise = torch.randn(draws, batch, length, tokens.shape[2], device=device)
            yield tokens[chosen], labels[chosen], dropped, known, times, noise


def draw(network, labels, upper, lower, chosen):
    """All tokens in raster order."""
    return network.draw(labels.tolist(), mar.linear_steps(upper, lower, chosen.ar_steps), chosen.guidance_scale)


def check(network, tensors, document):
    """The largest difference from the recorded runs that start at step 950."""
    worst = 0.0
    for case in document["cases"]:
        if case["diff_sampler"] != "DiSA" or case["diff_annealing_strategy"] != "linear" or \
                case["cfg_schedule"] != "linear" or case["temperature"] != 1 or case["labels"] is None:
            continue
        name, steps = case["name"], mar.linear_steps(case["diff_upper_steps"], case["diff_lower_steps"], case["num_iter"])
        noise = [[tensors[f"{name}.step{s:02}.init"][:count]] + [[
            tensors[f"{name}.step{s:02}.draw{k:03}"][:count] for k in range(len(network.diffusion(steps[s])))]]
            for s, count in enumerate(len(case["labels"]) * n for n in mar.tokens_of_steps(network.length,
                                                                                             case["num_iter"]))]
        drawn = network.draw(case["labels"], steps, case["cfg"], tensors[f"{name}.orders"].flip(1), noise)
        worst = max(worst, (drawn - tensors[f"{name}.tokens"]).abs().max().item())
        print(f"{name}: {worst:.2e}")
    return worst


def main():
    options = training.parser(__doc__, rate=1e-3)
    measuring.add_options(options, "50:5")
    options.add_argument("--ar-steps", type=int, default=49)
    return measuring.run(options, options.parse_args(), sys.modules[__name__])


if __name__ == "__main__":
    sys.exit(main())
