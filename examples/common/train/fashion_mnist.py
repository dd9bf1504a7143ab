# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST (Debian's dataset-fashion-mnist) as standardised tokens, and tokens as pictures."""
import gzip
import pathlib
import struct
import sys

import numpy
import torch

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
MEAN, STD = 0.286, 0.353
SIDE = 28
PATCH = 4
LABELS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def read_idx(name):
    """A file of the data set's own format."""
    path = DATA / f"{name}.gz"
    if not path.is_file():
        sys.exit(f"train.py: expected {path}, found none. Install Debian's dataset-fashion-mnist.")
    content = gzip.decompress(path.read_bytes())
    rank = content[3]
    shape = struct.unpack(f">{rank}I", content[4:4 + 4 * rank])
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


def training_pixels():
    """(pictures [60000, 28, 28] in [0, 1], labels [60000])."""
    return (torch.from_numpy(read_idx("train-images-idx3-ubyte").copy()).float() / 255,
            torch.from_numpy(read_idx("train-labels-idx1-ubyte").copy()).long())


def training_tokens(margin=0):
    """(tokens [60000, side * side, PATCH * PATCH], labels [60000]): square patches in raster order, of pictures with
    `margin` black pixels around them."""
    pixels, labels = training_pixels()
    pixels = (torch.nn.functional.pad(pixels, (margin,) * 4) - MEAN) / STD
    patches = pixels.unflatten(2, (-1, PATCH)).unflatten(1, (-1, PATCH)).permute(0, 1, 3, 2, 4)
    return patches.flatten(3).flatten(1, 2), labels


def pictures(tokens, margin=0):
    """[n, 28, 28] in [0, 1] of tokens in raster order."""
    side = (SIDE + 2 * margin) // PATCH
    grid = tokens.unflatten(1, (side, side)).unflatten(3, (PATCH, PATCH)).permute(0, 1, 3, 2, 4)
    pixels = grid.flatten(3).flatten(1, 2) * STD + MEAN
    return pixels[:, margin:margin + SIDE, margin:margin + SIDE].clamp(0, 1)


def pixels_member(margin=0):
    """The member "pixels" of a model's JSON."""
    side = (SIDE + 2 * margin) // PATCH
    member = {"token": f"{PATCH}x{PATCH} pixel patch, row-major; tokens in raster order of the {side}x{side} map",
              "mean": MEAN, "std": STD, "formula": "pixel = clamp(token * std + mean, 0, 1)"}
    return member | {"crop": SIDE} if margin else member
