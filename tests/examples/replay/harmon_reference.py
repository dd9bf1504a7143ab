#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Harmon with DiSA a second time, plainly, in float64: runs a recording's cases and prints how far it is from them.

usage: harmon_reference.py STEM

Needs numpy. The published recording, harmon_tiny, is what it is checked on; harmon_small.py makes another one with it.
"""
import json
import math
import pathlib
import sys

import numpy as np

# ---- files

def read_tensors(path):
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    kinds = {"F32": np.float32, "I64": np.int64}
    out = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = np.frombuffer(data[8 + length + begin:8 + length + end], kinds[entry["dtype"]])
            out[name] = values.reshape(entry["shape"])
    return out


# ---- layers; w is {name: float64 array}

def silu(x):
    return x / (1 + np.exp(-x))


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def linear(w, name, x):
    y = x @ w[name + ".weight"].T
    return y + w[name + ".bias"] if name + ".bias" in w else y


def layer_norm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)


def norm(w, name, x):
    return layer_norm(x) * w[name + ".weight"] + w[name + ".bias"]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def vit_block(w, name, x, heads):
    rows, width = x.shape
    qkv = linear(w, name + ".attn.qkv", norm(w, name + ".norm1", x))
    q, k, v = qkv.reshape(rows, 3, heads, -1).transpose(1, 2, 0, 3)
    mixed = softmax(q @ k.transpose(0, 2, 1) / math.sqrt(width // heads)) @ v
    x = x + linear(w, name + ".attn.proj", mixed.transpose(1, 0, 2).reshape(rows, width))
    return x + linear(w, name + ".mlp.fc2", gelu(linear(w, name + ".mlp.fc1", norm(w, name + ".norm2", x))))


def projector(w, name, x):
    return linear(w, name + ".2", silu(linear(w, name + ".0", x)))


def resized(table, native, shape):
    """Bilinear, half-pixel centres, edge clamp; [h w][width]."""
    if tuple(native) == tuple(shape):
        return table

    def matrix(count, to):
        m = np.zeros((to, count))
        for i in range(to):
            at = max(0.0, (i + 0.5) * count / to - 0.5)
            low = min(int(at), count - 1)
            m[i, low] += 1 - (at - low)
            m[i, min(low + 1, count - 1)] += at - low
        return m

    image = table.reshape(*native, -1)
    image = np.einsum("ij,jkc->ikc", matrix(native[0], shape[0]), image)
    return np.einsum("ij,kjc->kic", matrix(native[1], shape[1]), image).reshape(shape[0] * shape[1], -1)


# ---- the language model

def rotate(x, places, theta):
    """x [heads][rows][width]: halves turned against each other."""
    half = x.shape[-1] // 2
    angle = places[:, None] * theta ** (-np.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], -1)


def language_pass(w, c, x, places, past):
    """past: (keys, values) of each layer, or nothing. Returns hidden states and this pass's keys and values."""
    rows, width = x.shape
    heads, groups = c["num_attention_heads"], c["num_key_value_heads"]

    def rms(name, y):
        return y / np.sqrt((y ** 2).mean(-1, keepdims=True) + c["rms_norm_eps"]) * w[name + ".weight"]

    own = []
    for i in range(c["num_hidden_layers"]):
        name = f"llm.model.layers.{i}"
        y = rms(name + ".input_layernorm", x)
        q, k, v = (linear(w, f"{name}.self_attn.{part}_proj", y).reshape(rows, n, -1).transpose(1, 0, 2)
                   for part, n in (("q", heads), ("k", groups), ("v", groups)))
        q, k = (rotate(part, places, c["rope_theta"]) for part in (q, k))
        own.append((k, v))
        before = 0
        if past:
            before = past[i][0].shape[1]
            k, v = (np.concatenate(pair, 1) for pair in zip(past[i], (k, v)))
        k, v = (np.repeat(part, heads // groups, 0) for part in (k, v))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(width // heads)
        hidden = np.arange(k.shape[1])[None, :] > before + np.arange(rows)[:, None]
        mixed = softmax(np.where(hidden, -np.inf, scores)) @ v
        x = x + linear(w, name + ".self_attn.o_proj", mixed.transpose(1, 0, 2).reshape(rows, width))
        y = rms(name + ".post_attention_layernorm", x)
        y = silu(linear(w, name + ".mlp.gate_proj", y)) * linear(w, name + ".mlp.up_proj", y)
        x = x + linear(w, name + ".mlp.down_proj", y)
    return rms("llm.model.norm", x), own


# ---- the head

def head_features(w, c, x, t, z):
    """What goes into the last linear layer; t [rows]."""
    name = "mar.diffloss.net."
    angle = t[:, None] * np.exp(-math.log(10000) * np.arange(128) / 128)
    y = np.concatenate([np.cos(angle), np.sin(angle)], -1)
    y = linear(w, name + "time_embed.mlp.2", silu(linear(w, name + "time_embed.mlp.0", y)))
    y = silu(y + linear(w, name + "cond_embed", z))
    x = linear(w, name + "input_proj", x)
    for i in range(c["diffloss_d"]):
        block = f"{name}res_blocks.{i}"
        shift, scale, gate = np.split(linear(w, block + ".adaLN_modulation.1", y), 3, -1)
        h = norm(w, block + ".in_ln", x) * (1 + scale) + shift
        x = x + gate * linear(w, block + ".mlp.2", silu(linear(w, block + ".mlp.0", h)))
    shift, scale = np.split(linear(w, name + "final_layer.adaLN_modulation.1", y), 2, -1)
    return layer_norm(x) * (1 + scale) + shift


def alphas_bar():
    def bar(s):
        return math.cos((s + 0.008) / 1.008 * math.pi / 2) ** 2
    return np.cumprod([1 - min(1 - bar((i + 1) / 1000) / bar(i / 1000), 0.999) for i in range(1000)])


def timesteps(count, most):
    stride = 999 / (count - 1) if count > 1 else 0.0
    at, found = 0.0, []
    for _ in range(count):
        found.append(min(round(at), most))
        at += stride
    return sorted(set(found))


def tables(steps):
    bar = alphas_bar()[steps]
    before = np.concatenate([[1.0], bar[:-1]])
    beta = 1 - bar / before
    variance = beta * (1 - before) / (1 - bar)
    if len(steps) > 1:
        variance[0] = variance[1]
    with np.errstate(divide="ignore"):
        rows = {"recip": np.sqrt(1 / bar), "recipm1": np.sqrt(1 / bar - 1), "c1": beta * np.sqrt(before) / (1 - bar),
                "c2": (1 - before) * np.sqrt(1 - beta) / (1 - bar), "low": np.log(variance), "high": np.log(beta)}
    return {key: values.astype(np.float32).astype(np.float64) for key, values in rows.items()}


def denoise(w, c, z, noise, steps, guidance, temperature):
    """noise(k): draw 0 starts, draw k + 1 belongs to the k-th step. Rows of the first branch."""
    table, guided = tables(steps), guidance != 1
    x = noise(-1)
    for k, i in enumerate(reversed(range(len(steps)))):
        twice = np.concatenate([x, x]) if guided else x
        out = linear(w, "mar.diffloss.net.final_layer.linear",
                     head_features(w, c, twice, np.full(len(twice), float(steps[i])), z))
        eps, v = np.split(out, 2, -1)
        if guided:
            eps_c, eps_u = np.split(eps, 2)
            eps, v = eps_u + guidance * (eps_c - eps_u), v[:len(x)]
        share = (v + 1) / 2
        x0 = table["recip"][i] * x - table["recipm1"][i] * eps
        mean = table["c1"][i] * x0 + table["c2"][i] * x
        x = mean
        if i != 0:
            x = mean + np.exp(0.5 * (share * table["high"][i] + (1 - share) * table["low"][i])) * noise(k) * temperature
    return x


def steps_of(one, s):
    n, upper, lower = one["num_iter"], one["diff_upper_steps"], one["diff_lower_steps"]
    if one["diff_annealing_strategy"] == "linear":
        return lower + int((n - 1 - s) / (n - 1) * (upper - lower))
    if one["diff_annealing_strategy"] == "cosine":
        return lower + int((math.cos(math.pi * s / (n - 1)) + 1) / 2 * (upper - lower))
    return lower


# ---- a run

def conditions(w, document, places, prompt, tokens, unknown, keep):
    """z of all tokens of one row; keep(name, values) gets what is computed on the way."""
    mar, llm = document["mar"], document["llm"]
    encoder_pos, decoder_pos, diffusion_pos = places
    buffer = mar["buffer_size"]
    x = np.concatenate([np.repeat(w["mar.fake_latent"], buffer, 0), linear(w, "mar.z_proj", tokens)]) + encoder_pos
    x = norm(w, "mar.z_proj_ln", x)[np.concatenate([np.ones(buffer, bool), ~unknown])]
    for i in range(mar["encoder_depth"]):
        x = vit_block(w, f"mar.encoder_blocks.{i}", x, mar["encoder_num_heads"])
    x = norm(w, "mar.encoder_norm", x)
    keep("x_enc", x)
    y = projector(w, "proj_in", np.concatenate([x[buffer:], x[:buffer]]))
    keep("z_enc", y)
    length = prompt[0][0].shape[1]
    y, _ = language_pass(w, llm, y, length + np.arange(len(y)), prompt)
    keep("llm_hidden", y)
    x = x + projector(w, "proj_out", np.concatenate([y[-buffer:], y[:-buffer]]))
    keep("x_enc_residual", x)
    x = linear(w, "mar.decoder_embed", x)
    all_rows = np.repeat(w["mar.mask_token"][0], buffer + len(tokens), 0)
    all_rows[np.concatenate([np.ones(buffer, bool), ~unknown])] = x
    x = all_rows + decoder_pos
    for i in range(mar["decoder_depth"]):
        x = vit_block(w, f"mar.decoder_blocks.{i}", x, mar["decoder_num_heads"])
    z = norm(w, "mar.decoder_norm", x)[buffer:] + diffusion_pos
    keep("z_all", z)
    return z


def run(w, document, one, ids, mask, orders, noise):
    """{suffix: values} of a case. noise(step, k, rows) as for denoise."""
    mar, llm, out = document["mar"], document["llm"], {}
    side = mar["img_size"] // mar["vae_stride"] // mar["patch_size"]
    shape, buffer = one["image_shape"], mar["buffer_size"]
    count, channels = shape[0] * shape[1], mar["vae_embed_dim"] * mar["patch_size"] ** 2
    places = []
    for part, first in (("encoder", buffer), ("decoder", buffer), ("diffusion", 0)):
        table = w[f"mar.{part}_pos_embed_learned"][0]
        places.append(np.concatenate([table[:first], resized(table[first:], (side, side), shape)]))
    rows, images = one["rows"], one["cond_rows"]
    prompts = []
    for row in range(rows):
        embedded = w["llm.model.embed_tokens.weight"][ids[row]]
        hidden, past = language_pass(w, llm, embedded, np.arange(len(embedded)), None)
        out.setdefault("text_hidden", []).append(hidden)
        valid = int(mask[row].sum())
        prompts.append([(k[:, :valid], v[:, :valid]) for k, v in past])
    tokens, unknown = np.zeros((rows, count, channels)), np.ones((rows, count), bool)
    for s in range(one["num_iter"]):
        prefix = f"step{s:02}."
        left = math.floor(count * math.cos(math.pi / 2 * (s + 1) / one["num_iter"]))
        length = max(1, min(int(unknown[0].sum()) - 1, left))
        after = np.zeros_like(unknown)
        for row in range(rows):
            after[row, orders[row, :length]] = True
        now = unknown if s == one["num_iter"] - 1 else unknown ^ after
        z_rows = []
        for row in range(rows):
            def keep(name, values):
                if s in one["intermediate_steps"]:
                    out.setdefault(prefix + name, []).append(values)
            z_rows.append(conditions(w, document, places, prompts[row], tokens[row], unknown[row], keep)[now[row]])
        z = np.concatenate(z_rows)
        guidance = one["cfg"]
        if one["cfg_schedule"] == "linear":
            guidance = float(np.float32(1 + (one["cfg"] - 1) * (count - length) / count))
        drawn = len(z) * images // rows
        steps = timesteps(steps_of(one, s), document["derived"]["max_timestep"])
        x = denoise(w, mar, z, lambda k: noise(s, k, drawn), steps, guidance, one["temperature"])
        if one["cfg"] == 1:
            tokens[now] = x
        else:
            tokens[now] = np.concatenate([x, x])
        unknown = after
        out[prefix + "z"], out[prefix + "out"] = z, x if one["cfg"] == 1 else np.concatenate([x, x])
    out["tokens"] = tokens
    p = mar["patch_size"]
    latent = tokens[:images].reshape(images, *shape, -1, p, p).transpose(0, 3, 1, 4, 2, 5)
    out["vae_input"] = latent.reshape(images, -1, shape[0] * p, shape[1] * p) / document["derived"]["vae_scale"]
    return {name: np.asarray(values) for name, values in out.items()}


def check(stem):
    document = json.loads(stem.with_suffix(".json").read_text())
    tensors = read_tensors(stem.with_suffix(".safetensors"))
    w = {name: values.astype(np.float64) for name, values in tensors.items() if not name.startswith("case_")}
    for one in document["cases"]:
        def noise(s, k, rows):
            name = "init" if k < 0 else f"draw{k:03}"
            return tensors[f"{one['name']}.step{s:02}.{name}"][:rows].astype(np.float64)
        named = {key: tensors[f"{one['name']}.{key}"] for key in ("input_ids", "attention_mask", "orders")}
        found = run(w, document, one, named["input_ids"], named["attention_mask"], named["orders"], noise)
        worst = (0.0, "")
        for name, values in found.items():
            recorded = tensors[f"{one['name']}.{name}"]
            assert recorded.shape == values.shape, (name, recorded.shape, values.shape)
            if name.endswith(".out"):
                recorded, values = (part[:len(part) * one["cond_rows"] // one["rows"]] for part in (recorded, values))
            worst = max(worst, (float(np.abs(values - recorded).max()), name))
        print(f"{one['name']}: {len(found)} tensors, largest difference {worst[0]:.3g} ({worst[1]})")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check(pathlib.Path(sys.argv[1]))
