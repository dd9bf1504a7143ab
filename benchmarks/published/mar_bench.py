#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MAR end to end on the host: ardent (examples/mar) against a plain PyTorch model, with and without DiSA.

usage: ./dev bench mar [--parts agreement,shipped,mar-b,batches] [--formats float32,bf16] [--rounds 5] [--threads 2] ...

agreement  the shipped model draws two images with the same noise in both; in float32 the tokens must agree
shipped    the shipped model, 12 AR steps, one image
mar-b      MAR-B's sizes with random weights (no VAE), 64 AR steps, one image: more than half an hour at 5 rounds
batches    images a second of the shipped model in batches of 1, 16 and 256

PyTorch runs published/mar.py in float32 with 100 denoising steps at each AR step, and with DiSA's 50 to 5; ardent with
DiSA in each of its formats: float32, bf16 (head and backbone) and int8 (the head, and a bf16 backbone). All take turns,
guided; figures are medians, Markdown is printed.
"""
import argparse
import dataclasses
import json
import pathlib
import sys
import tempfile

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from published import harness, tensors  # noqa: E402
from published.mar import Mar, linear_steps, official_name, tokens_of_steps  # noqa: E402

MODEL = harness.ROOT / "models/fashion_mar/fashion_mar"
DATA = harness.ROOT / "build/bench-data"
MAR_B = {"img_size": 256, "vae_stride": 16, "patch_size": 1, "encoder_embed_dim": 768, "encoder_depth": 12,
         "encoder_num_heads": 12, "decoder_embed_dim": 768, "decoder_depth": 12, "decoder_num_heads": 12,
         "mlp_ratio": 4.0, "vae_embed_dim": 16, "class_num": 1000, "buffer_size": 64, "diffloss_d": 6,
         "diffloss_w": 1024, "norm_layer": "LayerNorm(eps=1e-6)"}
CONSTANT, UPPER, LOWER, SCALE = 100, 50, 5, 2.0
SHIPPED_AR_STEPS, MAR_B_AR_STEPS, PUBLISHED_AR_STEPS = 12, 64, 256
# Largest difference over the largest token, over a whole drawing; of other formats it is only said.
FLOAT_BOUND = 1e-4


@dataclasses.dataclass
class Cost:
    """Seconds of a batch."""
    total: float
    backbone: float

    @property
    def head_share(self):
        return f"{100 * (1 - self.backbone / self.total):.0f} %"


def medians(measured):
    """The run of the median total, so that its parts add up."""
    return sorted(measured, key=lambda cost: cost.total)[len(measured) // 2]


class Contest:
    """A model in both implementations."""

    def __init__(self, stem, threads, formats):
        self.model = Mar.of_files(f"{stem}.safetensors", f"{stem}.json")
        program = harness.PROGRAMS / "mar_images"
        self.program = harness.Program(program, f"{stem}.safetensors", f"{stem}.json", threads)
        self.formats = [name for name in self.program.about["formats"] if formats is None or name in formats]
        self.seed = 0

    def published(self, images, steps):
        """A measurement of PyTorch's."""
        def measure():
            self.model.backbone_seconds = 0.0
            labels = [i % self.model.sizes["class_num"] for i in range(images)]
            total = harness.timed(lambda: self.model.draw(labels, steps, SCALE))
            return Cost(total, self.model.backbone_seconds)
        return measure

    def ours(self, name, images, ar_steps, steps):
        """A measurement of ardent's; steps as `mar --steps` has it."""
        def measure():
            self.seed += 1
            found = self.program.ask("draw", name, images, ar_steps, steps, SCALE, self.seed)
            return Cost(found["seconds"], found["backbone"])
        return measure

    def disagreement(self, name, steps):
        """Largest difference of two images drawn with the same noise, over the largest token."""
        torch.manual_seed(3)
        images, channels, ar_steps = 2, self.model.channels, len(steps)
        orders = torch.stack([torch.randperm(self.model.length) for _ in range(images)])
        noise = []
        for count, tokens in zip(steps, tokens_of_steps(self.model.length, ar_steps)):
            rows, taken = images * tokens, len(self.model.diffusion(count))
            noise.append((torch.randn(rows, channels), torch.randn(taken, rows, channels)))
        expected = self.model.draw(list(range(images)), steps, SCALE, orders, noise).numpy()
        with tempfile.TemporaryDirectory() as folder:
            recorded, drawn = (pathlib.Path(folder, name) for name in ("noise", "tokens"))
            with open(recorded, "wb") as file:
                orders.argsort(dim=1).numpy().astype("<i4").tofile(file)
                for start, draws in noise:
                    start.numpy().astype("<f4").tofile(file)
                    draws.numpy().astype("<f4").tofile(file)
            words = ",".join(map(str, steps))
            self.program.ask("replay", name, images, ar_steps, words, SCALE, recorded, drawn)
            found = numpy.fromfile(drawn, "<f4").reshape(expected.shape)
        return float(numpy.abs(found - expected).max() / numpy.abs(expected).max())


def agreement(contest, title, ar_steps, annealings):
    """A table, or the end."""
    rows = []
    for upper, lower in annealings:
        for name in contest.formats:
            difference = contest.disagreement(name, linear_steps(upper, lower, ar_steps))
            rows.append([f"{upper} to {lower}", name, f"{difference:.1e}"])
            if name == "float32" and not difference < FLOAT_BOUND:  # NaN too
                sys.exit(f"ardent and PyTorch disagree by {difference:.1e} of the largest token")
    return (f"### Agreement: {title}\n\nTwo images from the same noise in {ar_steps} AR steps: the largest difference "
            f"from PyTorch's, over the largest token.\n\n{harness.table(('steps', 'format', 'difference'), rows)}\n")


def one_image(contest, title, ar_steps, rounds):
    """Seconds of an image, and what bounds the gains."""
    disa = linear_steps(UPPER, LOWER, ar_steps)
    plain, annealed = f"PyTorch, {CONSTANT} steps", f"PyTorch, DiSA {UPPER} to {LOWER}"
    arms = {plain: contest.published(1, [CONSTANT] * ar_steps), annealed: contest.published(1, disa)}
    for name in contest.formats:
        arms[f"ardent, DiSA, {name}"] = contest.ours(name, 1, ar_steps, f"{UPPER}:{LOWER}")
        contest.ours(name, 1, ar_steps, LOWER)()  # packs the weights, touches the memory
    found = {name: medians(values) for name, values in harness.alternate(arms, rounds).items()}
    rows = []
    for name, cost in found.items():
        parts = (cost.total, cost.backbone, cost.total - cost.backbone)
        rows.append([name, *(f"{seconds:.3g}" for seconds in parts), cost.head_share])
        for baseline in (annealed, plain):
            rows[-1].append(f"{found[baseline].total / cost.total:.2f} ({found[baseline].total / cost.backbone:.2f})")
    heads = ("", "seconds an image", "backbone", "head", "head's share", "gain over PyTorch with DiSA (bound)",
             f"gain over {CONSTANT} steps (bound)")
    return (f"### {title}\n\n{ar_steps} AR steps, guided, one image; the median of {rounds}. In brackets Amdahl's "
            "bound: the gain if this line's head took no time.\n\n"
            f"{harness.table(heads, rows)}\n{published_default(contest, found, plain, ar_steps)}")


def published_default(contest, found, plain, ar_steps):
    """MAR's published default takes too long to be run: what its parts say."""
    if contest.model.length < PUBLISHED_AR_STEPS:
        return ""
    diffusion = contest.model.diffusion(CONSTANT)
    z = torch.randn(2, contest.model.sizes["decoder_embed_dim"])
    head = PUBLISHED_AR_STEPS * harness.median(
        harness.timed(lambda: diffusion.sample(contest.model.head, z, SCALE)) for _ in range(5))
    backbone = found[plain].backbone * PUBLISHED_AR_STEPS / ar_steps
    gains = ", ".join(f"{(head + backbone) / cost.total:.1f} times {name}" for name, cost in found.items()
                      if name.startswith("ardent"))
    return (f"Extrapolated, not run: PyTorch with {PUBLISHED_AR_STEPS} AR steps of {CONSTANT} (the published default), "
            f"{head + backbone:.0f} seconds an image, {backbone:.0f} of them in the backbone (that of {ar_steps} AR "
            f"steps, {PUBLISHED_AR_STEPS // ar_steps} times) and {head:.0f} in the head (a token's trajectory, "
            f"{PUBLISHED_AR_STEPS} times). That is {gains}.\n\n")


def batches(contest, sizes, rounds):
    """Images a second, and DiSA's gain."""
    rows = []
    for images in sizes:
        arms = {("PyTorch", "DiSA"): contest.published(images, linear_steps(UPPER, LOWER, SHIPPED_AR_STEPS)),
                ("PyTorch", "constant"): contest.published(images, [CONSTANT] * SHIPPED_AR_STEPS)}
        for name in contest.formats:
            for how, steps in (("DiSA", f"{UPPER}:{LOWER}"), ("constant", CONSTANT)):
                arms[name, how] = contest.ours(name, images, SHIPPED_AR_STEPS, steps)
            contest.ours(name, images, SHIPPED_AR_STEPS, LOWER)()
        harness.progress(f"batches of {images}")
        found = {key: medians(values) for key, values in harness.alternate(arms, rounds).items()}
        for who in ("PyTorch", *contest.formats):
            disa, constant = found[who, "DiSA"], found[who, "constant"]
            rows.append([images, who if who == "PyTorch" else f"ardent, {who}", f"{images / disa.total:.2f}",
                         disa.head_share, f"{images / constant.total:.2f}", constant.head_share,
                         f"{constant.total / disa.total:.2f}"])
    heads = ("batch", "", "images/s with DiSA", "head's share", f"images/s with {CONSTANT} steps", "head's share",
             "DiSA's gain")
    return (f"### Batches\n\nThe shipped model, {SHIPPED_AR_STEPS} AR steps, guided; the median of {rounds}. A small "
            "batch pays the steps of each AR step, a large one those of each token, of which more are drawn late.\n\n"
            f"{harness.table(heads, rows)}\n")


def made_mar_b():
    """Files of MAR-B's sizes with random weights, made once."""
    stem = DATA / "mar_b"
    if not stem.with_suffix(".json").exists():
        DATA.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(5)
        with torch.no_grad():
            values = {}
            for name, value in Mar(MAR_B).named_parameters():
                norm = name.endswith("weight") and "norm" in name or name == "z_proj_ln.weight"
                values[official_name(name)] = (0.02 * torch.randn_like(value) + float(norm)).numpy()
        tensors.write(stem.with_suffix(".safetensors"), values)
        stem.with_suffix(".json").write_text(json.dumps({"constructor": MAR_B}))  # last: it says that all is there
    return stem


def main():
    parts = ("agreement", "shipped", "mar-b", "batches")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=lambda text: text.split(","), default=parts)
    parser.add_argument("--formats", type=lambda text: text.split(","), help="all, unless said")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", type=lambda text: [int(word) for word in text.split(",")], default=[1, 16, 256])
    parser.add_argument("--ar-steps", type=int, default=MAR_B_AR_STEPS, help="of mar-b")
    chosen = parser.parse_args()
    if not set(chosen.parts) <= set(parts):
        parser.error(f"--parts are {', '.join(parts)}")
    torch.set_num_threads(chosen.threads)
    shipped = Contest(MODEL, chosen.threads, chosen.formats)
    print(harness.heading(torch.__version__, chosen.threads))
    if "agreement" in chosen.parts:
        print(agreement(shipped, "the shipped model", SHIPPED_AR_STEPS, [(UPPER, LOWER), (10, 4)]), end="", flush=True)
    if "shipped" in chosen.parts:
        print(one_image(shipped, "The shipped model", SHIPPED_AR_STEPS, chosen.rounds), end="", flush=True)
    if "batches" in chosen.parts:
        print(batches(shipped, chosen.batches, chosen.rounds), end="", flush=True)
    if "mar-b" in chosen.parts:
        contest = Contest(made_mar_b(), chosen.threads, chosen.formats)
        title = "MAR-B's sizes, random weights"
        print(agreement(contest, title, 8, [(6, 3)]), end="", flush=True)
        print(one_image(contest, title, chosen.ar_steps, chosen.rounds), end="", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
