#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small xAR on Fashion-MNIST on the CPU. See examples/common/train/README.md.

train.py --check STEM        compares this network with a recording such as xar_tiny
train.py --out FOLDER ...    trains
train.py --export ...        writes a checkpoint as a model
train.py --measure STEM      draws with a model and says how good it is
"""
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "common" / "train"))

import fashion_mnist
import measuring
import sampling
import training
from network import XAR

ROWS = 11  # of the class table: ten classes and none
MARGIN = 2  # black pixels around a picture: 32 x 32
CONSTRUCTOR = {
    "img_size": 32, "vae_stride": 1, "patch_size": 4, "encoder_embed_dim": 128, "encoder_depth": 3,
    "encoder_num_heads": 4, "decoder_embed_dim": 128, "decoder_depth": 3, "decoder_num_heads": 4, "mlp_ratio": 4.0,
    "vae_embed_dim": 1, "clusters": 4, "class_num": 10, "label_drop_prob": 0.1,
}
DERIVED = {"seq_len": 64, "cell_tokens": 16, "cell_grid": [2, 2], "cell_size": [4, 4], "class_embedding_rows": ROWS,
           "uncond_label": ROWS - 1, "rms_eps": 1e-6, "rope_theta": 10000, "freq_dim": 256}


def document():
    """The model's JSON."""
    return {"constructor": CONSTRUCTOR, "derived": DERIVED, "pixels": fashion_mnist.pixels_member(MARGIN),
            "labels": fashion_mnist.LABELS}


def build(of):
    """The network of a JSON."""
    return XAR(of["constructor"], of["derived"])


def batches(network, chosen):
    """Arguments of network.loss, without end. Each cell has a time of its own: half of them logit-normal (Esser et al.,
    2024), the others uniform, since context of all degrees of noise has to be seen."""
    batch = chosen.batch
    tokens, labels = fashion_mnist.training_tokens(MARGIN)
    tokens = tokens[:, network.positions]
    while True:
        order = torch.randperm(len(labels))
        for part in order[:len(order) // batch * batch].split(batch):
            label = labels[part].masked_fill(torch.rand(batch) < CONSTRUCTOR["label_drop_prob"],
                                               network.unconditional)
            shape = (batch, network.cells)
            t = torch.where(torch.rand(shape) < 0.5, torch.rand(shape), torch.sigmoid(torch.randn(shape)))
            yield tokens[part], label, torch.randn_like(tokens[part]), t


def draw(network, labels, upper, lower, chosen):
    """All tokens in raster order."""
    drawn = sampling.sample(network, labels, upper, lower, chosen.guidance_scale,
                            lambda cell, step, shape: torch.randn(shape), stochastic=not chosen.euler)
    return torch.cat([x for x, _ in drawn], 1).float()[:, network.positions.argsort()]


def main():
    options = training.parser(__doc__, rate=2e-3)
    measuring.add_options(options, "50:15")
    options.add_argument("--euler", action="store_true", help="Euler instead of Euler-Maruyama")
    return measuring.run(options, options.parse_args(), sys.modules[__name__])


if __name__ == "__main__":
    sys.exit(main())
