#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small MAR on the latents of Fashion-MNIST, patches of 2 x 2 of 14 x 14, on the CPU or with --device cuda. See
examples/common/train/README.md.

train.py --check STEM        compares this network with a recording such as mar_tiny
train.py --vae FILE.pt --out FOLDER ...   trains; train_vae.py makes the autoencoder's checkpoint
train.py --export ...        writes a checkpoint as a model
train.py --vae FILE.pt --measure STEM     draws with a model and says how good it is
"""
import math
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "common" / "train"))

import fashion_mnist
import measuring
import train_vae
import training
from network import TrainedMar, mar

PATCH = 2  # latent pixels along a side of a token
CHANNELS = train_vae.CONSTRUCTOR["embed_dim"]
SIDE = fashion_mnist.SIDE // train_vae.STRIDE // PATCH
LABEL_DROP = 0.1  # as published
CONSTRUCTOR = {
    "img_size": fashion_mnist.SIDE, "vae_stride": train_vae.STRIDE, "patch_size": PATCH, "encoder_embed_dim": 160, "encoder_depth": 3,
    "encoder_num_heads": 5, "decoder_embed_dim": 160, "decoder_depth": 4, "decoder_num_heads": 5, "mlp_ratio": 4.0,
    "vae_embed_dim": CHANNELS, "class_num": 10, "buffer_size": 4, "diffloss_d": 3, "diffloss_w": 192,
    "norm_layer": "LayerNorm(eps=1e-6)",
}
DERIVED = {"seq_len": SIDE**2, "seq_h": SIDE, "seq_w": SIDE, "token_embed_dim": CHANNELS * PATCH**2, "layer_norm_eps": 1e-6,
           "gelu": "exact (erf)", "qkv_bias": True, "freq_dim": 256}
official_name = mar.official_name  # under which a model's file has a parameter


def document():
    """The model's JSON."""
    return {"constructor": CONSTRUCTOR, "derived": DERIVED, "labels": fashion_mnist.LABELS}


def build(of):
    """The network of a JSON."""
    return TrainedMar(of["constructor"])


def masked_share():
    """The share of tokens that a batch hides: what an AR loop that hides by a cosine leaves at a random moment. The
    published share is never below 0.7, and a model this small draws later tokens badly if it never saw so many known."""
    return math.cos(math.pi / 2 * torch.rand(()).item())


def tokens_of(latents):
    """[n, length, CHANNELS * PATCH * PATCH] of latents [n, CHANNELS, side, side], scaled; as published."""
    patches = latents.unflatten(3, (-1, PATCH)).unflatten(2, (-1, PATCH)).permute(0, 2, 4, 1, 3, 5)
    return patches.flatten(3).flatten(1, 2)


def latents_of(tokens):
    """The inverse of tokens_of."""
    return tokens.unflatten(1, (SIDE, SIDE)).unflatten(3, (CHANNELS, PATCH, PATCH)).permute(0, 3, 1, 4, 2, 5) \
        .flatten(4).flatten(2, 3)


def batches(network, chosen):
    """Arguments of network.loss, without end. Some random numbers of tokens are hidden, in each image others."""
    batch, device = chosen.batch, network.fake_latent.device
    pixels, labels = fashion_mnist.training_pixels()
    mean, log_variance = train_vae.moments(train_vae.of_checkpoint(chosen.vae), pixels)
    scale = train_vae.scale_of(mean, log_variance)
    tokens = tokens_of(scale * mean).to(device)
    deviations, labels = tokens_of(scale * (0.5 * log_variance).exp()).to(device), labels.to(device)
    length = tokens.shape[1]
    while True:
        order = torch.randperm(len(labels), device=device)
        for part in order[:len(order) // batch * batch].split(batch):
            hidden = math.ceil(length * masked_share())
            known = torch.rand(batch, length, device=device).argsort(1).argsort(1) >= hidden
            dropped = torch.rand(batch, device=device) < LABEL_DROP
            times = torch.randint(1000, (chosen.draws, batch, length), device=device)
            noise = torch.randn(chosen.draws, batch, length, tokens.shape[2], device=device)
            drawn = tokens[part] + deviations[part] * torch.randn_like(tokens[part])
            yield drawn, labels[part], dropped, known, times, noise


def pictures_of(chosen):
    """Pictures of tokens, as measuring.measure wants them."""
    autoencoder = train_vae.of_checkpoint(chosen.vae)
    scale = train_vae.scale_of(*train_vae.moments(autoencoder, fashion_mnist.training_pixels()[0][:10000]))
    return lambda tokens: train_vae.pictures(autoencoder, latents_of(tokens) / scale)


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
    options.add_argument("--ar-steps", type=int, default=SIDE**2)
    options.add_argument("--vae", type=pathlib.Path, help="the autoencoder's checkpoint")
    options.add_argument("--draws", type=int, default=2, help="of noise for a hidden token [2]")
    chosen = options.parse_args()
    if chosen.vae is None and not (chosen.check or chosen.export):
        options.error("expected --vae FILE.pt, found none")
    return measuring.run(options, chosen, sys.modules[__name__])


if __name__ == "__main__":
    sys.exit(main())
