#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What narrow weights in the head change in what the shipped model draws. Prints tables in Markdown.

usage: quality_bench.py [--images N] [--samples N] [--program MAR] [--drawn NAME=FILE ...]

Images: N for each storage of the head's weights, with the same orders and noise. Frechet distance of 64 features of a
small classifier, which is trained first, against Fashion-MNIST's 10,000 test images; and the classifier's accuracy.
What counts is the difference to float32, image by image the same noise: its 95 % interval is over resampled images, the
same ones for both.

Tokens: all of an image in one AR step, so that each position's condition z is the same in all images of a label.
Energy distance, 2 E|X - Y| - E|X - X'| - E|Y - Y'|, of each position's tokens to those of float32 with other noise
(Szekely and Rizzo, "Energy statistics", 2013, equation 1); less that of float32 with the same noise. The 95 % interval
is over positions and labels, whose noise is independent.

--drawn compares images that were drawn elsewhere, on a GPU for one, as further lines: FILE is what

    mar --images N --ar-steps 12 --steps 50:5 --guidance-scale 2 --seed 7 --dump FILE --device cuda [--head bf16 ...]

wrote, with the same N. With --samples 0 nothing is said of tokens.

The training images are those of Debian's dataset-fashion-mnist.
"""
import argparse
import gzip
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy
import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
STORAGES = ("float32", "bf16", "int8")
LABELS = (0, 5, 8)  # a shirt, a sandal, a bag


def idx(name):
    """An array of the data set's own format."""
    path = DATA / f"{name}.gz"
    if not path.is_file():
        sys.exit(f"quality_bench.py: expected {path}, found none. Install Debian's dataset-fashion-mnist.")
    content = gzip.decompress(path.read_bytes())
    rank = content[3]
    shape = struct.unpack(f">{rank}I", content[4:4 + 4 * rank])
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * rank).reshape(shape)


class Classifier(torch.nn.Module):
    """Two convolutions and 64 features."""

    def __init__(self):
        super().__init__()
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(1, 32, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(32, 64, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Flatten(), torch.nn.Linear(64 * 49, 64), torch.nn.ReLU())
        self.out = torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.out(self.features(x))


def trained(epochs=4):
    """A classifier, and its accuracy on the test images."""
    torch.manual_seed(1)
    x = torch.from_numpy(idx("train-images-idx3-ubyte").copy()).float().div(255).unsqueeze(1)
    y = torch.from_numpy(idx("train-labels-idx1-ubyte").copy()).long()
    model = Classifier()
    batch, count = 128, len(x) // 128
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, epochs * count)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for i in range(count):
            chosen = order[i * batch:(i + 1) * batch]
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def seen(model, images):
    """(features [n, 64], labels [n]) of images [n, 28, 28] in [0, 1]."""
    with torch.no_grad():
        parts = [model.features(part.unsqueeze(1)) for part in torch.from_numpy(images).float().split(500)]
        features = torch.cat(parts)
        return features.double().numpy(), model.out(features).argmax(1).numpy()


def moments(features):
    return features.mean(0), numpy.cov(features, rowvar=False)


def frechet(a, b):
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))."""
    (mean_a, cov_a), (mean_b, cov_b) = a, b
    values, vectors = numpy.linalg.eigh(cov_a)
    root = (vectors * numpy.sqrt(values.clip(0))) @ vectors.T
    between = numpy.sqrt(numpy.linalg.eigvalsh(root @ cov_b @ root).clip(0)).sum()
    return ((mean_a - mean_b)**2).sum() + numpy.trace(cov_a) + numpy.trace(cov_b) - 2 * between


def tensors(path):
    """A safetensors file's arrays of float32 and int64."""
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    types = {"F32": numpy.float32, "I64": numpy.int64, "I32": numpy.int32}
    return {name: numpy.frombuffer(content[8 + size + t["data_offsets"][0]:8 + size + t["data_offsets"][1]],
                                   types[t["dtype"]]).reshape(t["shape"])
            for name, t in json.loads(content[8:8 + size]).items() if name != "__metadata__"}


def draw(program, folder, **options):
    """(tokens, labels) by the example program."""
    out = pathlib.Path(folder, "tokens.safetensors")
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    subprocess.run([program, *words, "--dump", out, "--quiet"], check=True, cwd=ROOT)
    drawn = tensors(out)
    return drawn["tokens"].copy(), drawn["labels"].copy()


def pictures(tokens):
    """[n, 28, 28] in [0, 1] of tokens [n, 49, 16]."""
    rows = tokens.reshape(-1, 7, 7, 4, 4).transpose(0, 1, 3, 2, 4).reshape(-1, 28, 28)
    return (rows * 0.3530 + 0.2860).clip(0, 1)


def interval(values):
    low, high = numpy.percentile(values, (2.5, 97.5))
    return f"{low:+.3f} to {high:+.3f}"


# what all drawings of the first table share
DRAWN = {"ar_steps": 12, "steps": "50:5", "guidance_scale": 2, "seed": 7}


def drawn_elsewhere(path, labels):
    """Tokens of a file, after a check that they are of the same images."""
    found = tensors(path)
    if not numpy.array_equal(found["labels"], labels):
        sys.exit(f"quality_bench.py: {path}: expected {len(labels)} images of the same labels, found "
                 f"{len(found['labels'])}. Draw as --help says.")
    return found["tokens"].copy()


def compare_images(program, folder, count, elsewhere):
    model = trained()
    test, truth = seen(model, idx("t10k-images-idx3-ubyte") / 255)
    accuracy = (truth == idx("t10k-labels-idx1-ubyte")).mean()
    real = moments(test)
    found = {}
    for storage in STORAGES:
        tokens, labels = draw(program, folder, images=count, head=storage, **DRAWN)
        features, guessed = seen(model, pictures(tokens))
        found[storage] = features, guessed == labels, tokens
    for name, path in elsewhere:
        tokens = drawn_elsewhere(path, labels)
        features, guessed = seen(model, pictures(tokens))
        found[name] = features, guessed == labels, tokens
    generator = numpy.random.default_rng(1)
    resampled = [generator.integers(0, count, count) for _ in range(300)]
    base, right, exact = found["float32"]
    print(f"{count} images of each, 12 AR steps, 50 -> 5 denoising steps, guidance 2; the classifier has "
          f"{accuracy:.3f} on the test images.\n")
    print("| head | Frechet distance | less float32's | 95 % | accuracy | less float32's | 95 % "
          "| largest change of a number |\n|---|---|---|---|---|---|---|---|")
    for storage, (features, correct, tokens) in found.items():
        distance = frechet(moments(features), real)
        line = f"| {storage} | {distance:.2f} "
        if storage == "float32":
            print(line + f"| | | {correct.mean():.3f} | | | |")
            continue
        changes = [frechet(moments(features[i]), real) - frechet(moments(base[i]), real) for i in resampled]
        points = [correct[i].mean() - right[i].mean() for i in resampled]
        print(line + f"| {distance - frechet(moments(base), real):+.3f} | {interval(changes)} | {correct.mean():.3f} "
              f"| {correct.mean() - right.mean():+.3f} | {interval(points)} | {abs(tokens - exact).max():.2f} |")


def mean_distance(a, b, same):
    """E|a - b| of two sets of points, without the pairs of a point with itself if they are the same set."""
    total = torch.cdist(torch.from_numpy(a).double(), torch.from_numpy(b).double()).sum().item()
    return total / (len(a) * (len(b) - 1 if same else len(b)))


def energies(tokens, reference):
    """The energy distance of each position and label: [labels, images, positions, channels] both."""
    return numpy.array([[2 * mean_distance(x[:, p], y[:, p], False) - mean_distance(x[:, p], x[:, p], True) -
                         mean_distance(y[:, p], y[:, p], True) for p in range(x.shape[1])]
                        for x, y in zip(tokens, reference)])


def compare_tokens(program, folder, count):
    def tokens(storage, seed):
        drawn, labels = draw(program, folder, images=count * len(LABELS), labels=",".join(map(str, LABELS)), ar_steps=1,
                             steps=50, guidance_scale=2, seed=seed, head=storage)
        return numpy.stack([drawn[labels == label] for label in LABELS])
    reference = tokens("float32", 1)
    base = energies(tokens("float32", 2), reference)
    print(f"\n{count} images of each of {len(LABELS)} labels in one AR step of 50 denoising steps: mean over "
          f"{base.size} conditions z.\n")
    print("| head | energy distance to float32 with other noise | less float32's | 95 % |\n|---|---|---|---|")
    print(f"| float32 | {base.mean():+.5f} | | |")
    for storage in STORAGES[1:]:
        found = energies(tokens(storage, 2), reference)
        change = (found - base).ravel()
        half = 1.96 * change.std(ddof=1) / len(change)**0.5
        print(f"| {storage} | {found.mean():+.5f} | {change.mean():+.5f} | {change.mean() - half:+.5f} to "
              f"{change.mean() + half:+.5f} |")


def named_file(word):
    name, found, path = word.partition("=")
    if not found or not name or name in STORAGES:
        raise argparse.ArgumentTypeError(f"expected NAME=FILE with another name than {', '.join(STORAGES)}, "
                                         f"found {word}")
    return name, pathlib.Path(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--program", default=os.fspath(ROOT / "build/bench/examples/mar/mar"))
    parser.add_argument("--drawn", type=named_file, action="append", default=[], metavar="NAME=FILE")
    chosen = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    with tempfile.TemporaryDirectory() as folder:
        compare_images(chosen.program, folder, chosen.images, chosen.drawn)
        if chosen.samples > 0:
            compare_tokens(chosen.program, folder, chosen.samples)
    return 0


if __name__ == "__main__":
    sys.exit(main())
