#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a small autoencoder on Fashion-MNIST: 28 x 28 pixels as 14 x 14 latent pixels of 4 channels, which a MAR then
draws in patches of 2 x 2. See examples/common/train/README.md.

train_vae.py --out FOLDER ...   trains
train_vae.py --export ...       writes a checkpoint as a decoder, what it loses, and the latents' scale
"""
import json
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "common" / "train"))

import fashion_mnist
import measuring
import training
from autoencoder import Autoencoder

CONSTRUCTOR = {"embed_dim": 4, "ch": 24, "ch_mult": [1, 2], "num_res_blocks": 1, "out_ch": 1, "num_groups": 8}
STRIDE = 2  # pixels along a side of a latent pixel
DEVIATION = 0.05  # of a pixel in [-1, 1] from what is decoded: the smaller, the more the latents hold


def batches(network, chosen):
    """Arguments of network.loss, without end."""
    pixels, _ = fashion_mnist.training_pixels()
    device = next(network.parameters()).device
    pixels = (2 * pixels - 1)[:, None].to(device)
    side = fashion_mnist.SIDE // STRIDE
    while True:
        order = torch.randperm(len(pixels), device=device)
        for part in order[:len(order) // chosen.batch * chosen.batch].split(chosen.batch):
            noise = torch.randn(chosen.batch, CONSTRUCTOR["embed_dim"], side, side, device=device)
            yield pixels[part], noise, DEVIATION


def of_checkpoint(path):
    """The autoencoder with a checkpoint's averaged weights, for use."""
    network = Autoencoder(CONSTRUCTOR).eval().requires_grad_(False)
    network.load_state_dict(torch.load(path, weights_only=True)["model_ema"])
    return network


def moments(network, pixels):
    """(mean, log variance) of the latents of pictures [n, 28, 28] in [0, 1]."""
    parts = [network.encode(2 * part[:, None] - 1) for part in pixels.split(500)]
    return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])


def pictures(network, latents):
    """[n, 28, 28] in [0, 1] of latents [n, 4, 14, 14]."""
    return torch.cat([network.decode(part)[:, 0] for part in latents.split(500)]).add(1).div(2).clamp(0, 1)


def scale_of(mean, log_variance):
    """By which latents, drawn from these, have a variance of 1."""
    return (mean.var() + log_variance.exp().mean()).rsqrt().item()


def export(checkpoint, stem, classifier):
    """Writes STEM.safetensors and STEM.json, the encoder too, and says how far decoded test pictures are from real
    ones."""
    network = of_checkpoint(checkpoint)
    scale = scale_of(*moments(network, fashion_mnist.training_pixels()[0][:10000]))
    document = {"constructor": CONSTRUCTOR, "vae_scale": round(scale, 6)}
    measuring.export(checkpoint, stem, document, lambda name: name)
    real = torch.from_numpy(fashion_mnist.read_idx("t10k-images-idx3-ubyte") / 255).float()
    mean, log_variance = moments(network, real)
    model = measuring.classifier(classifier)
    truth = measuring.seen(model, real)
    for said, latents in (("means", mean), ("draws", mean + (0.5 * log_variance).exp() * torch.randn_like(mean))):
        decoded = pictures(network, latents)
        print(f"{said}: deviation of a pixel {(decoded - real).square().mean().sqrt():.4f} of 1, Frechet distance to the "
              f"same pictures {measuring.distance(measuring.seen(model, decoded), truth):.3f}", flush=True)
    print(f"deviation of a latent's draws, of that of latents: {scale * (0.5 * log_variance).exp().mean():.3f}; {document}")


def main():
    options = training.parser(__doc__, rate=3e-3)
    options.add_argument("--export", nargs=2, metavar=("CHECKPOINT", "STEM"), help="instead of training, write "
                         "STEM.safetensors and STEM.json")
    measuring.add_classifier(options)
    chosen = options.parse_args()
    training.begin(chosen)
    if chosen.export:
        export(*chosen.export, chosen.classifier)
        return 0
    if chosen.out is None:
        options.error("expected --export or --out, found neither")
    network = Autoencoder(CONSTRUCTOR).to(chosen.device, memory_format=torch.channels_last)
    training.train(network, batches(network, chosen), chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
