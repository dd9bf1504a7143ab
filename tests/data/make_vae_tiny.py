#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes vae_tiny: a small random VAE decoder, and vae_tiny_cases: what PyTorch decodes with it in float64.

usage: build/bench-venv/bin/python tests/data/make_vae_tiny.py FOLDER     (needs PyTorch; ./dev bench makes the venv)

The decoder is written down here once more, from the description of Rombach et al. (2022) and MAR's sizes, in functions
of PyTorch: nothing is shared with the C++ code that the recording checks.
"""
import json
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks"))
from published import tensors  # noqa: E402

CONSTRUCTOR = {"embed_dim": 4, "ch": 8, "ch_mult": [1, 1, 2], "num_res_blocks": 1, "out_ch": 3, "num_groups": 4}
VAE_SCALE = 0.2325
# images, height, width of the latents; the last has bands of lines that are gathered in several parts
CASES = {"case_a": (2, 3, 5), "case_b": (1, 4, 4), "case_c": (1, 1, 1), "case_d": (1, 9, 16)}


class Random:
    """Weights under the official names, drawn when they are first asked for."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.weights = {}

    def normal(self, shape):
        return torch.randn(shape, generator=self.generator, dtype=torch.float64).float()

    def get(self, name, shape, centre, spread):
        if name not in self.weights:
            self.weights[name] = centre + spread * self.normal(shape)
        return self.weights[name].double()


class Decoder:
    def __init__(self, random, embed_dim, ch, ch_mult, num_res_blocks, out_ch, num_groups):
        self.random, self.groups, self.blocks = random, num_groups, num_res_blocks + 1
        self.embed_dim, self.out_ch, self.widths = embed_dim, out_ch, [ch * m for m in ch_mult]

    def conv(self, name, x, out, side):
        fan_in = x.shape[1] * side * side
        weight = self.random.get(name + ".weight", (out, x.shape[1], side, side), 0, fan_in**-0.5)
        return F.conv2d(x, weight, self.random.get(name + ".bias", (out,), 0, 0.2), padding=side // 2)

    def norm(self, name, x):
        width = x.shape[1]
        weight = self.random.get(name + ".weight", (width,), 1, 0.3)
        return F.group_norm(x, self.groups, weight, self.random.get(name + ".bias", (width,), 0, 0.3), 1e-6)

    def block(self, name, x, out):
        h = self.conv(name + ".conv1", F.silu(self.norm(name + ".norm1", x)), out, 3)
        h = self.conv(name + ".conv2", F.silu(self.norm(name + ".norm2", h)), out, 3)
        return h + (x if x.shape[1] == out else self.conv(name + ".nin_shortcut", x, out, 1))

    def attention(self, name, x):
        images, width, rows, columns = x.shape
        h = self.norm(name + ".norm", x)
        q, k, v = (self.conv(f"{name}.{part}", h, width, 1).flatten(2) for part in "qkv")
        weights = torch.softmax(torch.einsum("ncq,nck->nqk", q, k) * width**-0.5, dim=2)
        mixed = torch.einsum("nqk,nck->ncq", weights, v).reshape(images, width, rows, columns)
        return x + self.conv(name + ".proj_out", mixed, width, 1)

    def __call__(self, z):
        x = self.conv("decoder.conv_in", self.conv("post_quant_conv", z, self.embed_dim, 1), self.widths[-1], 3)
        x = self.block("decoder.mid.block_1", x, self.widths[-1])
        x = self.attention("decoder.mid.attn_1", x)
        x = self.block("decoder.mid.block_2", x, self.widths[-1])
        for level in reversed(range(len(self.widths))):
            for i in range(self.blocks):
                x = self.block(f"decoder.up.{level}.block.{i}", x, self.widths[level])
            if level > 0:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
                x = self.conv(f"decoder.up.{level}.upsample.conv", x, self.widths[level], 3)
        return self.conv("decoder.conv_out", F.silu(self.norm("decoder.norm_out", x)), self.out_ch, 3)


def main():
    folder = pathlib.Path(sys.argv[1])
    random = Random(8)
    decoder = Decoder(random, **CONSTRUCTOR)
    recorded, cases = {}, []
    for name, (images, height, width) in CASES.items():
        latents = 2 * random.normal((images, CONSTRUCTOR["embed_dim"], height, width))
        recorded[name + ".latents"] = latents
        recorded[name + ".pixels"] = decoder(latents.double()).float().contiguous()
        cases.append({"name": name, "images": images, "height": height, "width": width})
    about = (f"A random VAE decoder, and in vae_tiny_cases what PyTorch {torch.__version__} decodes with it in "
             "float64, rounded to float32. Made by tests/data/make_vae_tiny.py.")
    document = {"about": about, "constructor": CONSTRUCTOR, "vae_scale": VAE_SCALE,
                "state_dict_names": list(random.weights), "cases": cases}
    for stem, values in {"vae_tiny": random.weights, "vae_tiny_cases": recorded}.items():
        tensors.write(folder / f"{stem}.safetensors", {name: tensor.numpy() for name, tensor in values.items()})
    (folder / "vae_tiny.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
