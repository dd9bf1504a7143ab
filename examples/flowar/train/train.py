#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small FlowAR on Fashion-MNIST on the CPU. See examples/common/train/README.md.

train.py --check STEM        compares this network with a recording such as flowar_tiny
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
from network import FlowAR

MARGIN = 0  # black pixels around a picture
ROWS = 11  # of the class table: ten classes and none
CONSTRUCTOR = {
    "img_size": 28, "patch_size": 1, "encoder_embed_dim": 128, "encoder_depth": 2,
    "encoder_num_heads": 4, "decoder_embed_dim": 128, "decoder_depth": 2, "decoder_num_heads": 4, "mlp_ratio": 4.0,
    "vae_embed_dim": 16, "diffloss_d": 2, "diffloss_w": 128, "scale": [1, 2, 4, 7], "cross": False, "class_num": 10,
    "label_drop_prob": 0.1,
}
DERIVED = {"seq_len": 70, "class_embedding_rows": ROWS, "uncond_label": ROWS - 1, "rms_eps": 1e-6, "rope_theta": 10000,
           "rope_grid": 16, "flow_freq_dim": 256}


def document():
    """The model's JSON."""
    pixels = {"patch_size": fashion_mnist.PATCH} | fashion_mnist.pixels_member()
    return {"constructor": CONSTRUCTOR, "derived": DERIVED, "pixels": pixels, "labels": fashion_mnist.LABELS}


def build(of):
    """The network of a JSON."""
    return FlowAR(of["constructor"], of["derived"]["class_embedding_rows"])


def batches(network, chosen):
    """Arguments of network.loss, without end. Times are logit-normal (Esser et al., 2024), one in five uniform."""
    batch = chosen.batch
    tokens, labels = fashion_mnist.training_tokens()
    scales, inputs = network.scales(tokens)
    while True:
        order = torch.randperm(len(labels))
        for part in order[:len(order) // batch * batch].split(batch):
            label = labels[part].masked_fill(torch.rand(batch) < CONSTRUCTOR["label_drop_prob"],
                                               network.unconditional)
            shape = (batch, len(network.sides))
            t = torch.where(torch.rand(shape) < 0.2, torch.rand(shape), torch.sigmoid(torch.randn(shape)))
            yield scales[part], inputs[part], label, torch.randn_like(scales[part]), t


def draw(network, labels, upper, lower, chosen):
    """Tokens of the last scale, in raster order."""
    drawn = sampling.sample(network, labels, upper, lower, chosen.guidance_scale, chosen.guidance_high,
                            lambda scale, shape: torch.randn(shape))
    return drawn[-1][0].float()


def main():
    options = training.parser(__doc__, rate=2e-3)
    measuring.add_options(options, "25:15")
    options.add_argument("--guidance-high", type=float, default=0.9, help="latest time at which guidance acts")
    return measuring.run(options, options.parse_args(), sys.modules[__name__])


if __name__ == "__main__":
    sys.exit(main())
