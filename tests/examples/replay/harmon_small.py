#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the recording tests/data/harmon_small: three cases of a small random Harmon, run by harmon_reference.py.

usage: harmon_small.py STEM

Needs numpy.
"""
import json
import math
import pathlib
import sys

import numpy as np

from harmon_reference import alphas_bar, head_features, run

SEED = 20261126
LLM = {"vocab_size": 40, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 6,
       "num_key_value_heads": 2, "intermediate_size": 40, "rope_theta": 10000.0, "rms_norm_eps": 1e-5,
       "hidden_act": "silu", "max_position_embeddings": 64}
MAR = {"img_size": 128, "vae_stride": 16, "patch_size": 2, "encoder_embed_dim": 32, "encoder_depth": 2,
       "encoder_num_heads": 4, "decoder_embed_dim": 24, "decoder_depth": 3, "decoder_num_heads": 2, "mlp_ratio": 2.0,
       "vae_embed_dim": 3, "class_num": 2, "buffer_size": 3, "diffloss_d": 2, "diffloss_w": 32}
DERIVED = {"vae_scale": 0.2325, "max_timestep": 950}
CASES = [
    {"name": "case_a", "num_iter": 5, "cfg": 3.0, "cfg_schedule": "constant", "temperature": 1.0,
     "diff_annealing_strategy": "linear", "diff_upper_steps": 20, "diff_lower_steps": 3, "image_shape": [4, 4],
     "rows": 4, "cond_rows": 2, "intermediate_steps": [0, 2, 4]},
    {"name": "case_b", "num_iter": 4, "cfg": 2.0, "cfg_schedule": "linear", "temperature": 1.0,
     "diff_annealing_strategy": "cosine", "diff_upper_steps": 9, "diff_lower_steps": 4, "image_shape": [3, 5],
     "rows": 4, "cond_rows": 2, "intermediate_steps": [1]},
    {"name": "case_c", "num_iter": 3, "cfg": 1.0, "cfg_schedule": "constant", "temperature": 0.9,
     "diff_annealing_strategy": "constant", "diff_upper_steps": 9, "diff_lower_steps": 4, "image_shape": [5, 6],
     "rows": 3, "cond_rows": 3, "intermediate_steps": [2]},
]
PROMPTS = [[3, 17, 31, 5, 22, 9, 14], [8, 2, 29], [30, 11, 11, 4]]
UNCONDITIONAL = [7, 19]
PAD = 39


def write_tensors(path, tensors):
    header, parts, offset = {}, [], 0
    for name, values in sorted(tensors.items(), key=lambda item: (item[1].dtype.itemsize != 8, item[0])):
        part = np.ascontiguousarray(values).tobytes()
        header[name] = {"dtype": {4: "F32", 8: "I64"}[values.dtype.itemsize], "shape": list(values.shape),
                        "data_offsets": [offset, offset + len(part)]}
        parts.append(part)
        offset += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))


def made_weights(random):
    w = {}

    def tensor(name, shape, deviation, centre=0.0):
        w[name] = (centre + deviation * random.standard_normal(shape)).astype(np.float32).astype(np.float64)

    def dense(name, out, in_, bias=True):
        tensor(name + ".weight", (out, in_), 1 / math.sqrt(in_))
        if bias:
            tensor(name + ".bias", (out,), 0.2)

    def scale(name, width, bias=True):
        tensor(name + ".weight", (width,), 0.2, 1.0)
        if bias:
            tensor(name + ".bias", (width,), 0.2)

    hidden, inner = LLM["hidden_size"], LLM["intermediate_size"]
    keys = hidden // LLM["num_attention_heads"] * LLM["num_key_value_heads"]
    tensor("llm.model.embed_tokens.weight", (LLM["vocab_size"], hidden), 1.0)
    for i in range(LLM["num_hidden_layers"]):
        name = f"llm.model.layers.{i}"
        for part, out in (("q", hidden), ("k", keys), ("v", keys)):
            dense(f"{name}.self_attn.{part}_proj", out, hidden)
        dense(name + ".self_attn.o_proj", hidden, hidden, False)
        for part, out, in_ in (("gate", inner, hidden), ("up", inner, hidden), ("down", hidden, inner)):
            dense(f"{name}.mlp.{part}_proj", out, in_, False)
        scale(name + ".input_layernorm", hidden, False)
        scale(name + ".post_attention_layernorm", hidden, False)
    scale("llm.model.norm", hidden, False)
    encoder, decoder, buffer = MAR["encoder_embed_dim"], MAR["decoder_embed_dim"], MAR["buffer_size"]
    side = MAR["img_size"] // MAR["vae_stride"] // MAR["patch_size"]
    channels = MAR["vae_embed_dim"] * MAR["patch_size"] ** 2
    for name, out, in_ in (("proj_in", hidden, encoder), ("proj_out", encoder, hidden)):
        dense(name + ".0", hidden, in_)
        dense(name + ".2", out, hidden)
    dense("mar.z_proj", encoder, channels)
    scale("mar.z_proj_ln", encoder)
    tensor("mar.fake_latent", (1, encoder), 1.0)
    tensor("mar.mask_token", (1, 1, decoder), 1.0)
    for part, rows, width in (("encoder", buffer + side * side, encoder), ("decoder", buffer + side * side, decoder),
                              ("diffusion", side * side, decoder)):
        tensor(f"mar.{part}_pos_embed_learned", (1, rows, width), 1.0)
    for part, width in (("encoder", encoder), ("decoder", decoder)):
        for i in range(MAR[part + "_depth"]):
            name = f"mar.{part}_blocks.{i}"
            dense(name + ".attn.qkv", 3 * width, width)
            dense(name + ".attn.proj", width, width)
            dense(name + ".mlp.fc1", int(MAR["mlp_ratio"] * width), width)
            dense(name + ".mlp.fc2", width, int(MAR["mlp_ratio"] * width))
            scale(name + ".norm1", width)
            scale(name + ".norm2", width)
        scale(f"mar.{part}_norm", width)
    dense("mar.decoder_embed", decoder, encoder)
    head, width = "mar.diffloss.net.", MAR["diffloss_w"]
    dense(head + "time_embed.mlp.0", width, 256)
    dense(head + "time_embed.mlp.2", width, width)
    tensor(head + "cond_embed.weight", (width, decoder), 0.15 / math.sqrt(decoder))
    tensor(head + "cond_embed.bias", (width,), 0.2)
    dense(head + "input_proj", width, channels)
    for i in range(MAR["diffloss_d"]):
        name = f"{head}res_blocks.{i}"
        scale(name + ".in_ln", width)
        dense(name + ".mlp.0", width, width)
        dense(name + ".mlp.2", width, width)
        dense(name + ".adaLN_modulation.1", 3 * width, width)
    dense(head + "final_layer.adaLN_modulation.1", 2 * width, width)
    # The last layer predicts the noise of normal data as well as it can, so that samples stay near size 1.
    rows = 6000
    t = random.integers(0, 951, rows)
    bar, eps, data = alphas_bar()[t][:, None], *(random.standard_normal((rows, channels)) for _ in range(2))
    x = np.sqrt(bar) * data + np.sqrt(1 - bar) * eps
    features = head_features(w, MAR, x, t.astype(float), random.standard_normal((rows, decoder)))
    features = np.concatenate([features, np.ones((rows, 1))], 1)
    weighted = features.T / bar[:, 0]  # by what an error does to the data
    solved = np.linalg.solve(weighted @ features + 30 * np.eye(features.shape[1]), weighted @ eps).T
    tensor(head + "final_layer.linear.weight", (2 * channels, width), 0.01)
    tensor(head + "final_layer.linear.bias", (2 * channels,), 0.01)
    w[head + "final_layer.linear.weight"][:channels] += solved[:, :-1]
    w[head + "final_layer.linear.bias"][:channels] += solved[:, -1]
    return {name: values.astype(np.float32) for name, values in w.items()}


def make(stem):
    random = np.random.default_rng(SEED)
    tensors = made_weights(random)
    w = {name: values.astype(np.float64) for name, values in tensors.items()}
    document = {"about": {"set": "small", "model": "Harmon by tests/examples/replay/harmon_small.py, float64"},
                "llm": LLM, "mar": MAR, "derived": DERIVED, "cases": CASES}
    channels = MAR["vae_embed_dim"] * MAR["patch_size"] ** 2
    for one in CASES:
        drawn = {}

        def noise(s, k, rows):
            name = f"step{s:02}." + ("init" if k < 0 else f"draw{k:03}")
            drawn[name] = random.standard_normal((rows, channels)).astype(np.float32)
            return drawn[name].astype(np.float64)
        images, count = one["cond_rows"], one["image_shape"][0] * one["image_shape"][1]
        prompts = PROMPTS[:images] + [UNCONDITIONAL] * (one["rows"] - images)
        longest = max(map(len, prompts))
        ids = np.array([p + [PAD] * (longest - len(p)) for p in prompts])
        mask = np.array([[1] * len(p) + [0] * (longest - len(p)) for p in prompts])
        orders = np.array([random.permutation(count) for _ in range(images)] * (one["rows"] // images))
        found = run(w, document, one, ids, mask, orders, noise) | drawn
        print(f"{one['name']}: tokens of standard deviation {found['tokens'].std():.2f}")
        found |= {"input_ids": ids, "attention_mask": mask, "orders": orders}
        for name, values in found.items():
            kind = np.int64 if values.dtype.kind == "i" else np.float32
            tensors[f"{one['name']}.{name}"] = values.astype(kind)
    write_tensors(stem.with_suffix(".safetensors"), tensors)
    stem.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(pathlib.Path(sys.argv[1]))
