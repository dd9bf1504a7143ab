#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Frequency AR written a second time, plainly, in float64 with numpy, on the network of lazymar_reference.py.

usage: far_reference.py check STEM    runs STEM.json's cases and prints the largest differences from STEM.safetensors
       far_reference.py make STEM     draws a small network and records runs of it: tests/data/far_small

`check` on the published recording is what makes the other a reference. A recording that is made has another grid, two
images and a decoder unlike the encoder, none of which published code takes.
"""
import json
import math
import pathlib
import sys

import numpy as np

from lazymar_reference import Head, Sequence, Tables, Weights, draw_network, length_of, read, write


class LevelWeights(Weights):
    """A head's condition has the embedding of the level in it."""

    level = 0.0

    def linear(self, name, x):
        out = super().linear(name, x)
        if name.endswith(".cond_embed"):
            out = out + super().linear(name[:-len("cond_embed")] + "index_cond_embed", np.array([self.level]))
        return out


def reduce(x, cells):
    """Means of the places that each cell overlaps; x [side][side][channels]."""
    side = len(x)
    spans = [(side * i // cells, -(-side * (i + 1) // cells)) for i in range(cells)]
    return np.array([[x[a:b, c:d].mean((0, 1)) for c, d in spans] for a, b in spans])


def enlarge(x, side):
    """Bicubic with A = -0.75, half-pixel centres, clamped edges."""
    def weight(d):
        d, a = abs(d), -0.75
        if d <= 1:
            return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1
        return a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a if d < 2 else 0.0

    cells = len(x)
    matrix = np.zeros((side, cells))
    for i in range(side):
        place = (i + 0.5) * cells / side - 0.5
        for k in range(math.floor(place) - 1, math.floor(place) + 3):
            matrix[i, min(max(k, 0), cells - 1)] += weight(place - k)
    return np.einsum("ip,jq,pqc->ijc", matrix, matrix, x)


def sections(text):
    """The training steps of "2,2,1"."""
    counts = [int(part) for part in text.split(",")]
    steps, first = [], 0
    for i, count in enumerate(counts):
        size = 1000 // len(counts) + (i < 1000 % len(counts))
        steps += [first + round(k * (size - 1) / max(count - 1, 1)) for k in range(count)]
        first += size
    return steps


def run(document, case, tensors, report):
    """Runs a case with its orders and draws; report(suffix, values) gets what a recording holds."""
    sizes = document["constructor"]
    names = document["state_dict_names"]
    weights = LevelWeights({name: tensors[name] for name in names})
    rows = list(tensors["class_emb.rows"])
    head = Head(weights, sizes["diffloss_d"], sizes["vae_embed_dim"])
    tables = Tables(sections(sizes["num_sampling_steps"]))
    name, labels, levels, masked = case["variant"], case["labels"], case["levels"], case["variant"] == "mask"
    images, n, channels = len(labels), len(levels), sizes["vae_embed_dim"]
    branches = [[Sequence(sizes, weights, weights["class_emb.weight_rows"][rows.index(label)]) for label in labels],
                [Sequence(sizes, weights, weights["fake_latent"][0]) for _ in labels]]
    length = branches[0][0].length
    side = math.isqrt(length)
    shown = np.zeros((images, length, channels))
    visible = np.full((images, length), not masked)
    for s, level in enumerate(levels):
        if s > 0:
            for i in range(images):
                picture = drawn[i].reshape(side, side, channels)
                if s > 1 or not masked:
                    picture = enlarge(reduce(picture, level), side)
                shown[i] = picture.reshape(length, channels)
                if masked:
                    hidden = tensors[f"{name}.orders"][i, :math.floor(length * math.cos(math.pi / 2 * s / n))]
                    visible[i] = ~np.isin(np.arange(length), hidden)
                    shown[i][~visible[i]] = 0
        z = []
        for branch in branches:
            for i, sequence in enumerate(branch):
                sequence.start()
                out = sequence.step(shown[i], np.flatnonzero(visible[i]), [], 10 ** 6, None)[0]
                z.append(weights.norm("decoder_norm", out)[-length:] + weights["diffusion_pos_embed_learned"][0])
        z = np.concatenate(z)
        scale = 1 + (case["cfg"] - 1) * s / n
        heat = 0.85 + (case["temperature"] - 0.85) * s / n
        if not masked:
            heat = 0.8 + 0.2 * (1 - math.cos(math.pi / 2 * (s + 1) / n))
        weights.level = float(level)
        noise = [tensors[f"{name}.step{s:02}.init"]]
        noise += [tensors[f"{name}.step{s:02}.draw{k:03}"] for k in range(len(tables.t))]
        sample = head.sample(z, noise, tables, scale, heat, False, 1)
        drawn = sample.reshape(images, length, channels)
        if masked:
            report(f"step{s:02}.mask", (~visible).astype(int))
        report(f"step{s:02}.tokens_in", shown.copy())
        report(f"step{s:02}.z", z)
        report(f"step{s:02}.out", sample)
    report("latent", drawn.reshape(images, side, side, channels).transpose(0, 3, 1, 2))


def check(stem):
    """Prints the largest difference of each kind of tensor."""
    document, tensors = json.loads(pathlib.Path(stem + ".json").read_text()), read(stem + ".safetensors")
    for case in document["cases"]:
        found = {}

        def report(suffix, values):
            recorded = tensors.get(f"{case['variant']}.{suffix}")
            if recorded is not None:
                kind = suffix.split(".")[-1]
                found[kind] = max(found.get(kind, 0.0), np.abs(values - recorded).max())

        run(document, case, tensors, report)
        print(case["variant"], *(f"{kind} {value:.1e}" for kind, value in found.items()))


def make(stem):
    """A network and a run of each variant."""
    random = np.random.default_rng(11)
    sizes = {"img_size": 96, "vae_stride": 16, "patch_size": 1, "encoder_embed_dim": 24, "encoder_depth": 1,
             "encoder_num_heads": 3, "decoder_embed_dim": 32, "decoder_depth": 2, "decoder_num_heads": 4,
             "mlp_ratio": 2.0, "norm_layer": "LayerNorm(eps=1e-6)", "vae_embed_dim": 8, "class_num": 10,
             "buffer_size": 3, "diffloss_d": 2, "diffloss_w": 24, "num_sampling_steps": "4,1"}
    w = draw_network(random, sizes, ("class_emb.weight_rows", 2), level=True, last=0.5)
    length, channels = length_of(sizes), sizes["vae_embed_dim"]
    cases = [{"variant": "mask", "levels": [0, 4, 5, 2, 3, 6], "cfg": 2.5, "temperature": 0.95, "labels": [7, 4],
              "batch": 2},
             {"variant": "nomask", "levels": [0, 2, 3, 5], "cfg": 1.5, "temperature": 0.7, "labels": [4, 4],
              "batch": 2}]
    document = {"about": {"reference": "tests/examples/replay/far_reference.py, float64"}, "constructor": sizes,
                "state_dict_names": list(w), "cases": cases}
    tensors = {name: values.astype("f4") for name, values in w.items()}
    tensors["class_emb.rows"] = np.array([4, 7])
    tensors["mask.orders"] = np.stack([random.permutation(length) for _ in range(2)])
    recorded = {}
    for case in cases:
        for s in range(len(case["levels"])):
            prefix = f"{case['variant']}.step{s:02}."
            tensors[prefix + "init"] = random.normal(size=(2 * length, channels)).astype("f4")
            for k in range(5):
                tensors[f"{prefix}draw{k:03}"] = random.normal(size=(4 * length, channels)).astype("f4")
        run(document, case, tensors, lambda suffix, values: recorded.update({f"{case['variant']}.{suffix}": values}))
        print(case["variant"], "latent", recorded[case["variant"] + ".latent"].std())
    # nobody reads the second half of a step's draws, nor its last one; z is intermediate, and large
    kept = {name: values[:2 * length] if ".draw" in name else values for name, values in tensors.items()
            if not name.endswith("draw004")}
    kept |= {name: values for name, values in recorded.items() if not name.endswith((".z", ".tokens_in"))}
    pathlib.Path(stem + ".json").write_text(json.dumps(document, indent=1) + "\n")
    write(stem + ".safetensors", kept)


if __name__ == "__main__":
    {"check": check, "make": make}[sys.argv[1]](sys.argv[2])
