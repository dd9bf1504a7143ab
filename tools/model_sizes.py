#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Parameters, weights in memory and working memory of the published sizes that examples/ draw with: the table in
docs/models.md.

usage: model_sizes.py                       prints the table
       model_sizes.py --check FILE          compares the table in FILE with it, and the count with the shipped models'
       model_sizes.py --random SYSTEM-SIZE FILE.safetensors
                                            writes a network of that size with random weights, and its JSON, to measure
                                            what drawing takes
"""
import argparse
import json
import math
import pathlib
import random
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples/common/checkpoints"))

import checkpoint_tables  # noqa: E402
from checkpoint_shapes import Shapes  # noqa: E402

MILLION = 10 ** 6
# What defines each published network: of the repositories' constructors and command lines.
MAR = {"B": (768, 12, 6, 1024), "L": (1024, 16, 8, 1280), "H": (1280, 20, 12, 1536)}  # width, depth, head's depth, width
FLOWAR = {"S": (768, 6, 2, 1024, False), "L": (1024, 8, 12, 1024, True), "H": (1536, 15, 12, 1536, True)}
XAR = {"B": (768, 8), "L": (1024, 16), "H": (1280, 20)}
QWEN = {"0.5B": (151936, 896, 24, 4864, "B"), "1.5B": (151936, 1536, 28, 8960, "H")}  # rows, width, layers, inner, MAR
CHANNELS, TOKENS, BUFFER, CLASSES = 16, 256, 64, 1000
SCALES = 341  # tokens of FlowAR's maps of 1, 2, 4, 8 and 16
HARMON_TOKENS, HARMON_PROMPT = 1024, 32  # of a picture of 512 x 512, as published; and of a prompt


def gated(width):
    """Hidden width of FlowAR's and xAR's gated MLPs: two thirds of four times the width."""
    return int(4 * width * 2 / 3)


def mar_hints(size, prefix=""):
    width, depth, head_depth, head = MAR[size]
    hints = {"z_proj.weight": (width, CHANNELS), "decoder_embed.weight": (width, width),
             "diffusion_pos_embed_learned": (1, TOKENS, width),
             "encoder_pos_embed_learned": (1, BUFFER + TOKENS, width), "class_emb.weight": (CLASSES, width),
             "diffloss.net.input_proj.weight": (head, CHANNELS),
             f"diffloss.net.res_blocks.{head_depth - 1}.in_ln.weight": (head,)}
    for part in ("encoder", "decoder"):
        hints[f"{part}_blocks.0.mlp.fc1.weight"] = (4 * width, width)
        hints[f"{part}_blocks.{depth - 1}.norm1.weight"] = (width,)
    return {prefix + name: shape for name, shape in hints.items()}


def flow_hints(width, depth, positions):
    hints = {"z_proj.weight": (width, CHANNELS), "decoder_embed.weight": (width, width),
             "encoder_pos_embed_learned": (1, positions, width), "class_emb.weight": (CLASSES + 1, width)}
    for part in ("encoder", "decoder"):
        for i in range(depth):
            hints[f"{part}_blocks.{i}.mlp.fc1_g.weight"] = (gated(width), width)
    return hints


def hints_of(system, size):
    """A few tensors' shapes, from which checkpoint_tables tells all others."""
    if system == "mar":
        return mar_hints(size)
    if system == "xar":
        return flow_hints(*XAR[size], TOKENS)
    if system == "harmon":
        rows, width, layers, inner, mar = QWEN[size]
        return mar_hints(mar, "mar.") | {"llm.model.embed_tokens.weight": (rows, width),
                                         f"llm.model.layers.{layers - 1}.input_layernorm.weight": (width,),
                                         "llm.model.layers.0.mlp.gate_proj.weight": (inner, width)}
    width, depth, head_depth, head, cross = FLOWAR[size]
    hints = flow_hints(width, depth, SCALES) | {"diffusion_pos_embed_learned": (1, SCALES, width),
                                                "flownet.input_proj.weight": (head, CHANNELS)}
    for i in range(head_depth):
        hints[f"flownet.res_blocks.{i}.mlp.fc1_g.weight"] = (gated(head), head)
    if cross:
        hints["flownet.res_blocks.0.crossattn.q.weight"] = (head, head)
    return hints


def described(system, size):
    """The JSON of a published network, and the shapes of its tensors."""
    describing = getattr(checkpoint_tables, f"describe_{system}")
    return describing(Shapes(hints_of(system, size)), {})


def numbers(tensors, skip=lambda name: False):
    return sum(math.prod(shape) for name, shape in tensors.items() if not skip(name))


def is_head(name):
    return "diffloss." in name or name.startswith("flownet.")


def is_mapped(name):
    """What stays in its file, of which only the rows that are needed are read."""
    return name == "llm.model.embed_tokens.weight"


def is_narrow(system, name):
    """What --backbone bf16 (Harmon, MAR) and --head bf16 (MAR) keep in 16 bits: the large matrices. A head's small or
    rarely read ones stay float."""
    matrix = name.endswith(".weight") and any(part in name for part in (
        "_blocks.", "decoder_embed", "llm.model.layers.", "proj_in.", "proj_out.", "res_blocks.", "adaLN_modulation"))
    one_row = name.endswith(("norm1.weight", "norm2.weight", "in_ln.weight", "layernorm.weight"))
    return matrix and not one_row and (system == "mar" or (system == "harmon" and "diffloss." not in name))


def workspace(rows, width, hidden):
    """Floats of transformer::workspace; its keys and values are those of one block, its bfloat16 rows half floats."""
    return rows * (6 * width + hidden + max(width, hidden) // 2) + 48 * (rows + 1)


def working(system, size):
    """Bytes that an image of a batch, guided, and a thread work in, beside the weights: what backbone_memory.hpp,
    sequence.hpp, network_memory.hpp and backbone.hpp of the systems' folders allocate."""
    if system == "mar":
        width, _, _, _ = MAR[size]
        rows = BUFFER + TOKENS
        return 2 * 4 * (4 * rows * width + TOKENS * CHANNELS), 4 * (workspace(rows, width, 4 * width) +
                                                                    2 * rows * width)
    if system == "xar":
        width, depth = XAR[size]
        cell = TOKENS // 4
        return 2 * 4 * 2 * depth * 2 * TOKENS * width, 4 * (workspace(TOKENS, width, gated(width)) + 2 * cell * width)
    if system == "flowar":
        width, depth, head_depth, head, cross = FLOWAR[size]
        widest, hidden = max(width, head), gated(max(width, head))
        kept = 2 * depth * (2 * SCALES + 6) * width + TOKENS * (width + head) + cross * TOKENS * head_depth * 2 * head
        work = workspace(SCALES, widest, hidden) + TOKENS * (widest + width + 9 * head)
        return 2 * 4 * kept, 4 * work
    _, width, layers, inner, mar = QWEN[size]
    sizes = described(system, size)[0]["llm"]
    keys = sizes["num_key_value_heads"] * width // sizes["num_attention_heads"]
    image_width, rows = MAR[mar][0], BUFFER + HARMON_TOKENS
    work = workspace(HARMON_PROMPT + rows, max(width, image_width), max(inner, 4 * image_width))
    work += rows * (3 * image_width + 2 * width) + 2 * (HARMON_PROMPT + rows) * keys
    return 2 * 4 * layers * HARMON_PROMPT * 2 * keys, 4 * work


def table():
    lines = ["| model | parameters | of them in the head | float32 | bf16 | each image | each thread |",
             "|---|---|---|---|---|---|---|"]
    for system, title, sizes in (("mar", "MAR", MAR), ("flowar", "FlowAR", FLOWAR), ("xar", "xAR", XAR),
                                 ("harmon", "Harmon", QWEN)):
        for size in sizes:
            tensors = described(system, size)[1]
            every, head = numbers(tensors), numbers(tensors, lambda name: not is_head(name))
            kept = numbers(tensors, is_mapped)
            narrow = numbers(tensors, lambda name: is_mapped(name) or not is_narrow(system, name))
            image, thread = working(system, size)
            lines.append("| {}-{} | {:.0f} M | {} | {:.0f} MB | {} | {:.0f} MB | {:.0f} MB |".format(
                title, size, every / MILLION, f"{head / MILLION:.0f} M" if head else "all", 4 * kept / MILLION,
                f"{(4 * kept - 2 * narrow) / MILLION:.0f} MB" if narrow else "-", image / MILLION, thread / MILLION))
    return lines


def header(path):
    with open(path, "rb") as file:
        return json.loads(file.read(int.from_bytes(file.read(8), "little")))


def check(file):
    """The table in the document is this one; and the tables behind it count right what is shipped."""
    wrong = []
    text = pathlib.Path(file).read_text()
    found, expected = [line for line in text.splitlines() if line.startswith("|")], table()
    wrong += [f"{file}: expected the line\n  {line}\nfound none like it" for line in expected if line not in found]
    wrong += [f"{file}: expected no line\n  {line}\nfound one" for line in found if line not in expected]
    for system in ("mar", "flowar", "xar"):
        path = ROOT / f"models/fashion_{system}/fashion_{system}.safetensors"
        entries = {name: tuple(entry["shape"]) for name, entry in header(path).items() if name != "__metadata__"}
        constructor = json.loads(path.with_suffix(".json").read_text())["constructor"]
        choices = {"encoder_heads": constructor["encoder_num_heads"], "decoder_heads": constructor["decoder_num_heads"]}
        if "scale" in constructor:
            choices["scales"] = constructor["scale"]
        if system == "flowar":  # the converter knows a class table of 1001 rows
            checkpoint_tables.CLASS_ROWS = entries["class_emb.weight"][0]
        counted = numbers(getattr(checkpoint_tables, f"describe_{system}")(Shapes(entries), choices)[1])
        if counted != numbers(entries):
            wrong.append(f"{path}: counted {counted} numbers, found {numbers(entries)}")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def write_random(what, path):
    """Weights are a block of normal numbers again and again, scaled by their fan-in: finite, and of use to a clock only."""
    system, _, size = what.partition("-")
    document, tensors = described(system, size)
    draw = random.Random(1)
    block = [draw.gauss(0, 1) for _ in range(1 << 16)]
    entries, place = {}, 0
    for name, shape in tensors.items():
        entries[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [place, place + 4 * math.prod(shape)]}
        place += 4 * math.prod(shape)
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for shape in tensors.values():
            scale = 1 / math.sqrt(shape[-1]) if len(shape) > 1 else 1
            packed = struct.pack(f"<{len(block)}f", *(scale * x for x in block))
            left = 4 * math.prod(shape)
            while left > 0:
                file.write(packed[:left])
                left -= len(packed)
    pathlib.Path(path).with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    return 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("--check", metavar="FILE")
    parser.add_argument("--random", nargs=2, metavar=("SYSTEM-SIZE", "FILE"))
    arguments = parser.parse_args()
    if arguments.check:
        return check(arguments.check)
    if arguments.random:
        return write_random(*arguments.random)
    print("\n".join(table()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
