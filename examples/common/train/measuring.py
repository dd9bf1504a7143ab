# SPDX-License-Identifier: Apache-2.0
"""Writes a trained network as a model that the programs read, and measures what it draws.

Frechet distance and accuracy are those of benchmarks/published/quality_bench.py: its classifier, its features.
"""
import json
import pathlib
import sys
import time

import numpy
import torch

import fashion_mnist
import training

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "benchmarks" / "published"))

import quality_bench
import tensors


def export(checkpoint, stem, document, official_name):
    """Writes STEM.safetensors (float32; convert_f16 halves it) and STEM.json of a checkpoint's averaged weights."""
    found = torch.load(checkpoint, weights_only=True)
    pathlib.Path(stem).parent.mkdir(parents=True, exist_ok=True)
    tensors.write(f"{stem}.safetensors", {official_name(name): x.numpy() for name, x in found["model_ema"].items()})
    pathlib.Path(f"{stem}.json").write_text(json.dumps(document, indent=1) + "\n")
    print(f"{stem}: {sum(x.numel() for x in found['model_ema'].values())} parameters after {found['progress']}")


def load(stem, build, official_name):
    """The network of a model in float32, for drawing."""
    document = json.loads(pathlib.Path(f"{stem}.json").read_text())
    network = build(document).eval()
    kept = tensors.read(f"{stem}.safetensors")
    network.load_state_dict({name: torch.from_numpy(kept[official_name(name)].astype("float32"))
                             for name in network.state_dict()})
    return network


def classifier(path):
    """The benchmark's classifier; kept in a file, since it takes minutes to train."""
    if path.is_file():
        model = quality_bench.Classifier()
        model.load_state_dict(torch.load(path, weights_only=True))
        return model.eval()
    model = quality_bench.trained()
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), path)
    return model


def write_sheet(path, pictures, columns=10):
    """A PGM of pictures [n, 28, 28] in rows of `columns`."""
    rows = pictures[:len(pictures) // columns * columns].unflatten(0, (-1, columns)).transpose(1, 2).flatten(2)
    rows = rows.flatten(0, 1)
    pixels = (rows * 255).round().byte().numpy()
    pathlib.Path(path).write_bytes(f"P5 {pixels.shape[1]} {pixels.shape[0]} 255\n".encode() + pixels.tobytes())


def seen(model, pictures):
    """(features, guessed labels) of pictures [n, 28, 28] in [0, 1]."""
    return quality_bench.seen(model, pictures.numpy())


def distance(first, second):
    """Frechet distance of what seen() has of two sets."""
    return quality_bench.frechet(quality_bench.moments(first[0]), quality_bench.moments(second[0]))


def within_classes(pictures, labels):
    """Variance of a pixel within a class, mean over pixels and classes. pictures [n, 28, 28]"""
    return numpy.mean([pictures[labels == label].var(0).mean() for label in numpy.unique(labels)])


def seams(pictures, side=4):
    """How much larger steps between pixels are across the borders of tokens of side x side pixels than one pixel beside
    them: 1 where nothing shows. pictures [n, 28, 28]"""
    across = 0
    beside = 0
    for axis in (1, 2):
        steps = numpy.abs(numpy.diff(pictures, axis=axis)).mean((0, 3 - axis))
        borders = numpy.arange(side - 1, len(steps) - 1, side)
        across += steps[borders].sum()
        beside += (steps[borders - 1] + steps[borders + 1]).sum() / 2
    return across / beside


def measure(draw, pictures_of, chosen):
    """Draws chosen.images pictures of all classes in turn and prints a line of the model card's table.
    draw(labels) gives tokens in raster order, pictures_of(tokens) pictures [n, 28, 28] in [0, 1]."""
    labels = torch.arange(chosen.images) % len(fashion_mnist.LABELS)
    begun, parts = time.monotonic(), []
    for part in labels.split(100):
        parts.append(pictures_of(draw(part)))
    pictures, seconds = torch.cat(parts), time.monotonic() - begun
    if chosen.sheet:
        write_sheet(chosen.sheet, pictures[:100])
    model = classifier(chosen.classifier)
    real_pictures, real_labels = (quality_bench.idx(f"t10k-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
    real, found = quality_bench.seen(model, real_pictures / 255), seen(model, pictures)
    variance = within_classes(pictures.numpy(), labels.numpy()) / within_classes(real_pictures / 255, real_labels)
    print(f"classifier {(real[1] == real_labels).mean():.3f} on the test images, seams there {seams(real_pictures / 255):.3f}\n"
          "| steps | guidance | Frechet distance | accuracy | variance within classes | seams | seconds |\n"
          f"| {chosen.steps} | {chosen.guidance_scale} | {distance(found, real):.2f} "
          f"| {(found[1] == labels.numpy()).mean():.3f} | {variance:.3f} | {seams(pictures.numpy()):.3f} "
          f"| {seconds:.0f} s of {chosen.images} images |", flush=True)


def add_options(options, steps):
    """What draws and measures."""
    options.add_argument("--export", nargs=2, metavar=("CHECKPOINT", "STEM"), help="instead of training, write "
                         "STEM.safetensors and STEM.json")
    options.add_argument("--measure", metavar="STEM", help="instead of training, draw with this model and compare")
    options.add_argument("--images", type=int, default=1000)
    options.add_argument("--steps", default=steps, help="denoising steps, first:last")
    options.add_argument("--guidance-scale", type=float, default=3)
    options.add_argument("--sheet", help="FILE.pgm of the first 100 pictures")
    add_classifier(options)


def add_classifier(options):
    """Where the benchmark's classifier is kept."""
    options.add_argument("--classifier", type=pathlib.Path, default=pathlib.Path("build/classifier.pt"),
                         help="where the classifier is kept")


def run(options, chosen, system):
    """Does what the options ask for. system: the train.py module's build, document, draw, check or
    sampling.check, batches(network, chosen); how tokens are pictures, MARGIN or pictures_of; and official_name where it is
    not that of all others."""
    official_name = getattr(system, "official_name", lambda name: name)
    training.begin(chosen)
    if chosen.check:
        check = system.check if hasattr(system, "check") else system.sampling.check
        return training.run_check(chosen.check, system.build, check, official_name)
    if chosen.export:
        export(*chosen.export, system.document(), official_name)
        return 0
    if chosen.measure:
        network = load(chosen.measure, system.build, official_name)
        upper, lower = map(int, chosen.steps.split(":"))
        pictures_of = (system.pictures_of(chosen) if hasattr(system, "pictures_of")
                       else lambda tokens: fashion_mnist.pictures(tokens, system.MARGIN))
        measure(lambda labels: system.draw(network, labels, upper, lower, chosen), pictures_of, chosen)
        return 0
    if chosen.out is None:
        options.error("expected --check, --export, --measure or --out, found none")
    network = system.build(system.document()).to(chosen.device)
    training.train(network, system.batches(network, chosen), chosen)
    return 0
