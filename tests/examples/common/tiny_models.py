# SPDX-License-Identifier: Apache-2.0
"""Files of tiny models, for tests that run programs with them: a VAE's decoder as tiny_vae.hpp has it, and the small
Harmon of tests/data without the runs recorded beside it."""
import array
import json
import pathlib
import random
import struct


def write_safetensors(file, tensors):
    """Writes {name: (shape, bytes)} as floats."""
    header, at = {}, 0
    for name, (shape, content) in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(content)]}
        at += len(content)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(file).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(c for _, c in tensors.values()))


def vae(folder, latents, levels=5):
    """Writes vae.safetensors and vae.json into a folder: 4 channels within, a block a level, 3 colours; a latent pixel
    of `latents` channels is 2^(levels - 1) pixels wide. Returns the weights' file."""
    made, numbers = {}, random.Random(6)

    def add(name, shape, mean, deviation):
        count = 1
        for extent in shape:
            count *= extent
        made[name] = shape, array.array("f", (numbers.gauss(mean, deviation) for _ in range(count))).tobytes()

    def conv(name, out, of, side):
        add(name + ".weight", [out, of, side, side], 0, (of * side * side) ** -0.5)
        add(name + ".bias", [out], 0, 0.1)

    def norm(name):
        add(name + ".weight", [4], 1, 0.3)
        add(name + ".bias", [4], 0, 0.3)

    def block(name):
        for part in "12":
            norm(f"{name}.norm{part}")
            conv(f"{name}.conv{part}", 4, 4, 3)

    conv("post_quant_conv", latents, latents, 1)
    conv("decoder.conv_in", 4, latents, 3)
    block("decoder.mid.block_1")
    block("decoder.mid.block_2")
    for level in range(levels):
        block(f"decoder.up.{level}.block.0")
        if level > 0:
            conv(f"decoder.up.{level}.upsample.conv", 4, 4, 3)
    norm("decoder.mid.attn_1.norm")
    for part in ("q", "k", "v", "proj_out"):
        conv("decoder.mid.attn_1." + part, 4, 4, 1)
    norm("decoder.norm_out")
    conv("decoder.conv_out", 3, 4, 3)
    folder = pathlib.Path(folder)
    (folder / "vae.json").write_text(json.dumps(
        {"constructor": {"embed_dim": latents, "ch": 4, "ch_mult": [1] * levels, "num_res_blocks": 0,
                         "num_groups": 2}}))
    write_safetensors(folder / "vae.safetensors", made)
    return folder / "vae.safetensors"


def harmon(folder, data):
    """Writes harmon.safetensors and harmon.json into a folder: harmon_small of tests/data, patches of 2 x 2 latents of
    3 channels, 40 token ids. Returns the weights' file."""
    folder, data = pathlib.Path(folder), pathlib.Path(data)
    content = (data / "harmon_small.safetensors").read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    taken = {}
    for name, one in header.items():
        if name != "__metadata__" and not name.startswith("case_"):
            first, end = one["data_offsets"]
            taken[name] = one["shape"], content[start + first:start + end]
    write_safetensors(folder / "harmon.safetensors", taken)
    (folder / "harmon.json").write_text((data / "harmon_small.json").read_text())
    return folder / "harmon.safetensors"
