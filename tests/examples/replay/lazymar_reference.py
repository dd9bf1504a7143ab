#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""LazyMAR written a second time, plainly, in float64 with numpy: token cache, guidance residual and head cache.

usage: lazymar_reference.py check STEM    runs STEM.json's cases and prints the largest differences from STEM.safetensors
       lazymar_reference.py make STEM     draws a small network and records a run of it: tests/data/lazymar_small

`check` on the published recording is what makes the other a reference: its float32 numbers are met within their
rounding, its kept rows exactly. A recording that is made has sizes that published code refuses: another buffer, encoder
and decoder of different depth and width.
"""
import json
import math
import pathlib
import sys

import numpy as np

ERF = np.vectorize(math.erf)


def read(path):
    """{name: array} of a safetensors file of F32 and I64."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "I64": "<i8"}
    return {name: np.frombuffer(data, kinds[entry["dtype"]], offset=entry["data_offsets"][0],
                                count=math.prod(entry["shape"])).reshape(entry["shape"])
            for name, entry in header.items()}


def write(path, arrays):
    """Writes float arrays as F32 and integer ones as I64."""
    header, parts, place = {}, [], 0
    for name, values in arrays.items():
        floats = np.issubdtype(values.dtype, np.floating)
        parts.append(np.ascontiguousarray(values, "<f4" if floats else "<i8").tobytes())
        header[name] = {"dtype": "F32" if floats else "I64", "shape": list(values.shape),
                        "data_offsets": [place, place + len(parts[-1])]}
        place += len(parts[-1])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


def silu(x):
    return x / (1 + np.exp(-x))


def norm(x, weight=1.0, bias=0.0):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-6) * weight + bias


class Weights:
    """The tensors of a network, in float64."""

    def __init__(self, tensors):
        self.of = {name: values.astype("f8") for name, values in tensors.items()}

    def __getitem__(self, name):
        return self.of[name]

    def linear(self, name, x):
        return x @ self.of[name + ".weight"].T + self.of[name + ".bias"]

    def norm(self, name, x):
        return norm(x, self.of[name + ".weight"], self.of[name + ".bias"])


class Block:
    """A transformer block that keeps keys and values: those of rows that are not given stay as they were."""

    def __init__(self, weights, name, heads, rows):
        self.w, self.name, self.heads, self.kept = weights, name, heads, [None] * rows

    def attend(self, x, places):
        """x with the attention added; also the new and the old values of its rows, [rows][heads][width of a head]."""
        rows, width = x.shape
        q, k, v = (part.reshape(rows, self.heads, -1) for part in
                   np.split(self.w.linear(self.name + ".attn.qkv", self.w.norm(self.name + ".norm1", x)), 3, axis=-1))
        old = [self.kept[place] for place in places]
        for row, place in enumerate(places):
            self.kept[place] = (k[row], v[row])
        there = [pair for pair in self.kept if pair is not None]
        keys, values = (np.stack(part) for part in zip(*there))
        scores = np.einsum("qhd,khd->hqk", q, keys) / math.sqrt(width // self.heads)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", scores, values).reshape(rows, width)
        return x + self.w.linear(self.name + ".attn.proj", mixed), v, old

    def mlp(self, x):
        hidden = self.w.linear(self.name + ".mlp.fc1", self.w.norm(self.name + ".norm2", x))
        return x + self.w.linear(self.name + ".mlp.fc2", hidden * 0.5 * (1 + ERF(hidden / math.sqrt(2))))


class Sequence:
    """One image in one branch."""

    def __init__(self, sizes, weights, class_row):
        self.s, self.w, self.class_row = sizes, weights, class_row
        self.buffer, self.length = sizes["buffer_size"], length_of(sizes)
        self.rows = self.buffer + self.length

    def start(self):
        """Forgets everything."""
        self.input = self.w["mask_token"][0] + self.w["decoder_pos_embed_learned"][0]
        self.encoder, self.decoder = (
            [Block(self.w, f"{part}_blocks.{i}", self.s[f"{part}_num_heads"], self.rows)
             for i in range(self.s[f"{part}_depth"])] for part in ("encoder", "decoder"))

    def step(self, tokens, new, drawn, prune_layer, fresh_count):
        """The decoder's output, rows that were kept, and their scores; `new` tokens enter, `drawn` are to be predicted.
        fresh_count: rows to be kept, or nothing at a fresh step."""
        places = list(range(self.buffer)) + [self.buffer + i for i in new]
        x = np.concatenate([np.tile(self.class_row, (self.buffer, 1)), self.w.linear("z_proj", tokens[new])])
        x = self.w.norm("z_proj_ln", x + self.w["encoder_pos_embed_learned"][0][places])
        for block in self.encoder:
            x = block.mlp(block.attend(x, places)[0])
        x = self.w.linear("decoder_embed", self.w.norm("encoder_norm", x))
        self.input[places] = x + self.w["decoder_pos_embed_learned"][0][places]
        x, rows, scores = self.input.copy(), np.arange(self.rows), None
        for i, block in enumerate(self.decoder):
            x, v, old = block.attend(x, rows)
            if i == prune_layer and fresh_count is not None:
                before = np.stack([pair[1] for pair in old])
                scores = ((v * before).sum(-1) / np.maximum(np.linalg.norm(v, axis=-1), 1e-8)
                          / np.maximum(np.linalg.norm(before, axis=-1), 1e-8)).mean(-1)
                scores[[self.buffer + token for token in [*new, *drawn]]] = 0
                rows = np.sort(np.argsort(scores, kind="stable")[:fresh_count])
                x = x[rows]
            x = block.mlp(x)
        out = np.zeros((self.rows, x.shape[1]))
        out[rows] = x
        return out, np.isin(np.arange(self.rows), rows).astype(int), scores


class Tables:
    """The diffusion process at the visited timesteps, every number rounded to float32."""

    def __init__(self, timesteps):
        def level(t):
            return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

        betas = np.array([min(1 - level((i + 1) / 1000) / level(i / 1000), 0.999) for i in range(1000)])
        bar = np.cumprod(1 - betas)[timesteps]
        before = np.append(1.0, bar[:-1])
        beta = 1 - bar / before
        posterior = beta * (1 - before) / (1 - bar)
        posterior[0] = posterior[1] if len(timesteps) > 1 else beta[0]
        self.t = timesteps
        narrow = [np.sqrt(1 / bar), np.sqrt(1 / bar - 1), beta * np.sqrt(before) / (1 - bar),
                  (1 - before) * np.sqrt(bar / before) / (1 - bar), np.log(beta), np.log(posterior)]
        self.of_x, self.of_eps, self.c1, self.c2, self.log_beta, self.log_posterior = (
            part.astype("f4").astype("f8") for part in narrow)


class Head:
    """The diffusion head; `lazy` with its caches."""

    def __init__(self, weights, depth, channels):
        self.w, self.depth, self.channels = weights, depth, channels

    def sample(self, z, noise, tables, scale, temperature, lazy, threshold):
        """noise: the start [rows][channels], then a draw for each step. z: conditional rows, then unconditional."""
        half, last = len(z) // 2, len(tables.t) - 1
        x, stored, difference = noise[0].astype("f8"), {}, None
        for index in range(last, -1, -1):
            full = not lazy or index == last or index % threshold == 0
            warm = full or index > 0.9 * (last + 1)
            both = np.concatenate([x, x]) if full else x
            out = self.evaluate(both, z[:len(both)], tables.t[index], stored, lazy, full, warm)
            eps, v = out[:half, :self.channels], out[:half, self.channels:]
            if full:
                difference = eps - out[half:, :self.channels]
            mixed = eps - difference + scale * difference
            clean = tables.of_x[index] * x - tables.of_eps[index] * mixed
            share = (v + 1) / 2
            log = share * tables.log_beta[index] + (1 - share) * tables.log_posterior[index]
            x = tables.c1[index] * clean + tables.c2[index] * x
            if index > 0:
                x = x + np.exp(log / 2) * noise[1 + last - index][:half] * temperature
        return x

    def evaluate(self, x, z, t, stored, lazy, full, warm):
        net = "diffloss.net."
        angles = t * np.exp(-math.log(10000) * np.arange(128) / 128)
        time = np.concatenate([np.cos(angles), np.sin(angles)])
        time = self.w.linear(net + "time_embed.mlp.2", silu(self.w.linear(net + "time_embed.mlp.0", time)))
        y = silu(time + self.w.linear(net + "cond_embed", z))
        x = self.w.linear(net + "input_proj", x)
        for d in range(self.depth):
            name = f"{net}res_blocks.{d}"
            whole = 1 <= d <= 4
            if lazy and whole and not full:
                x = x + stored[d][:len(x)]
                continue
            shift, size, gate = np.split(self.w.linear(name + ".adaLN_modulation.1", y), 3, axis=-1)
            if lazy and not whole and not warm:
                x = x + gate * stored[d][:len(x)]
                continue
            h = self.w.norm(name + ".in_ln", x) * (1 + size) + shift
            h = self.w.linear(name + ".mlp.2", silu(self.w.linear(name + ".mlp.0", h)))
            stored[d] = gate * h if whole else h
            x = x + gate * h
        shift, size = np.split(self.w.linear(net + "final_layer.adaLN_modulation.1", y), 2, axis=-1)
        return self.w.linear(net + "final_layer.linear", norm(x) * (1 + size) + shift)


def run(document, case, tensors, lazy, report):
    """Runs a case with its orders and draws; report(suffix, values) gets what a recording holds. Returns the tokens."""
    sizes = document["constructor"]
    weights = Weights({name: tensors[name] for name in document["state_dict_names"]})
    head = Head(weights, sizes["diffloss_d"], sizes["vae_embed_dim"])
    tables, name, labels = Tables(case["timesteps"]), case["name"], case["labels"]
    images, n = len(labels), case["num_iter"]
    branches = [[Sequence(sizes, weights, weights["class_emb.weight"][label]) for label in labels],
                [Sequence(sizes, weights, weights["fake_latent"][0]) for _ in labels]]
    length, rows = branches[0][0].length, branches[0][0].rows
    orders = tensors[f"{name}.orders"]
    tokens = np.zeros((images, length, sizes["vae_embed_dim"]))
    mask, before = np.ones((images, length), bool), np.zeros((images, length), bool)
    residual = None
    for s in range(n):
        left = int(mask[0].sum())
        masked = max(1, min(left - 1, math.floor(length * math.cos(math.pi / 2 * (s + 1) / n))))
        after = np.zeros_like(mask)
        for i in range(images):
            after[i, orders[i, :masked]] = True
        drawn = mask if s == n - 1 else mask & ~after
        fresh = not lazy or s < case["start_step"] or (s - case["start_step"]) % case["fresh_t"] == 0
        count = None if fresh else min(rows, max(int(drawn[0].sum() + before[0].sum()) + 15, int(
            rows * document["retain_ratio_schedule"][s])))
        outputs, kept, scores = [[], []], [], []
        for branch in (0, 1) if fresh else (0,):
            for i, sequence in enumerate(branches[branch]):
                if fresh:
                    sequence.start()
                new = ~mask[i] if fresh else before[i]
                found = sequence.step(tokens[i], np.flatnonzero(new), np.flatnonzero(drawn[i]),
                                      document["derived"]["prune_layer"], count)
                outputs[branch].append(found[0])
                if branch == 0:
                    kept.append(found[1])
                    scores.append(found[2])
        outputs = [np.stack(part) for part in outputs if part]
        if fresh:
            residual = outputs[1] - outputs[0]
            if lazy:
                report(f"step{s:02}.diff", residual)
        else:
            outputs.append(outputs[0] + residual)
            report(f"step{s:02}.kept", np.stack(kept))
            report(f"step{s:02}.score", np.stack(scores))
        z = [weights.norm("decoder_norm", part)[:, -length:] + weights["diffusion_pos_embed_learned"][0]
             for part in outputs]
        z = np.concatenate([part[drawn] for part in z])
        scale = case["cfg"]
        if case["cfg_schedule"] == "linear":
            scale = 1 + (scale - 1) * (length - masked) / length
        noise = [tensors[f"{name}.step{s:02}.init"]]
        noise += [tensors[f"{name}.step{s:02}.draw{k:03}"] for k in range(len(case["timesteps"]))]
        tokens[drawn] = head.sample(z, noise, tables, scale, case["temperature"], lazy, case["cache_threshold"])
        report(f"step{s:02}.z", z)
        report(f"step{s:02}.out", np.concatenate([tokens[drawn]] * 2))
        mask, before = mask & ~drawn, drawn
    report("tokens", tokens)
    return tokens


def check(stem):
    """Prints the largest difference of each kind of tensor."""
    document, tensors = json.loads(pathlib.Path(stem + ".json").read_text()), read(stem + ".safetensors")
    for case in document["cases"]:
        for lazy, prefix in ((True, ""), (False, "base.")):
            found = {}

            def report(suffix, values):
                recorded = tensors.get(f"{case['name']}.{prefix}{suffix}")
                if recorded is not None:
                    rows = len(values) // 2 if suffix.endswith(".out") else len(values)
                    kind = suffix.split(".")[-1]
                    found[kind] = max(found.get(kind, 0.0), np.abs(values - recorded)[:rows].max())

            run(document, case, tensors, lazy, report)
            print(case["name"], "lazy" if lazy else "base", *(f"{kind} {value:.1e}" for kind, value in found.items()))


def length_of(sizes):
    """Tokens of a picture."""
    return (sizes["img_size"] // sizes["vae_stride"]) ** 2


def draw_network(random, sizes, classes, level=False, last=1.0):
    """Random weights under the official names, none of them zero or one. classes: the class table's name and rows;
    level: a head that is told a level too; last: spread of its last layer."""
    width, deep, channels = sizes["encoder_embed_dim"], sizes["decoder_embed_dim"], sizes["vae_embed_dim"]
    length, ratio = length_of(sizes), int(sizes["mlp_ratio"])
    rows = sizes["buffer_size"] + length
    w = {classes[0]: random.normal(size=(classes[1], width)), "fake_latent": random.normal(size=(1, width)),
         "mask_token": random.normal(size=(1, 1, deep)),
         "encoder_pos_embed_learned": random.normal(size=(1, rows, width)),
         "decoder_pos_embed_learned": random.normal(size=(1, rows, deep)),
         "diffusion_pos_embed_learned": random.normal(size=(1, length, deep))}

    def linear(name, out, into, spread=1.0):
        w[name + ".weight"] = random.normal(size=(out, into)) * spread / math.sqrt(into)
        w[name + ".bias"] = random.normal(size=out) * 0.1

    def affine(name, n):
        w[name + ".weight"], w[name + ".bias"] = 1 + 0.2 * random.normal(size=n), 0.1 * random.normal(size=n)

    linear("z_proj", width, channels)
    affine("z_proj_ln", width)
    linear("decoder_embed", deep, width)
    for part, n in (("encoder", width), ("decoder", deep)):
        for i in range(sizes[part + "_depth"]):
            name = f"{part}_blocks.{i}."
            affine(name + "norm1", n)
            linear(name + "attn.qkv", 3 * n, n)
            linear(name + "attn.proj", n, n)
            affine(name + "norm2", n)
            linear(name + "mlp.fc1", ratio * n, n)
            linear(name + "mlp.fc2", n, ratio * n)
        affine(part + "_norm", n)
    net, h = "diffloss.net.", sizes["diffloss_w"]
    linear(net + "time_embed.mlp.0", h, 256)
    linear(net + "time_embed.mlp.2", h, h)
    linear(net + "cond_embed", h, deep)
    if level:
        linear(net + "index_cond_embed", h, 1, 0.2)
    linear(net + "input_proj", h, channels)
    for d in range(sizes["diffloss_d"]):
        name = f"{net}res_blocks.{d}."
        affine(name + "in_ln", h)
        linear(name + "mlp.0", h, h)
        linear(name + "mlp.2", h, h)
        linear(name + "adaLN_modulation.1", 3 * h, h, 0.5)
    linear(net + "final_layer.adaLN_modulation.1", 2 * h, h, 0.5)
    linear(net + "final_layer.linear", 2 * channels, h, last)
    return w


def make(stem):
    """A network and a run of it; the numbers are chosen so that each rule is met with at least once."""
    random = np.random.default_rng(8)
    sizes = {"img_size": 80, "vae_stride": 16, "patch_size": 1, "encoder_embed_dim": 24, "encoder_depth": 2,
             "encoder_num_heads": 3, "decoder_embed_dim": 32, "decoder_depth": 5, "decoder_num_heads": 4,
             "mlp_ratio": 4.0, "norm_layer": "LayerNorm(eps=1e-6)", "vae_embed_dim": 16, "class_num": 4,
             "buffer_size": 6, "diffloss_d": 6, "diffloss_w": 32}
    w = draw_network(random, sizes, ("class_emb.weight", 4))
    length, channels = length_of(sizes), sizes["vae_embed_dim"]
    # periods other than the published, more than one of each kind of step, and rows that leave from step 3 on
    case = {"name": "case_a", "batch": 2, "num_iter": 12, "num_sampling_steps_argument": "6,5,3,1", "cfg": 2.0,
            "cfg_schedule": "linear", "temperature": 0.9, "labels": [1, 3], "start_step": 2, "fresh_t": 4,
            "cache_threshold": 4}
    case["timesteps"] = [i * 250 + round(k * 249 / max(count - 1, 1))
                         for i, count in enumerate((6, 5, 3, 1)) for k in range(count)]
    document = {"about": {"reference": "tests/examples/replay/lazymar_reference.py, float64"}, "constructor": sizes,
                "derived": {"prune_layer": 3}, "retain_ratio_schedule": [1.0] * 3 + [0.8] * 4 + [0.5] * 5,
                "state_dict_names": list(w), "cases": [case]}
    tensors = {name: values.astype("f4") for name, values in w.items()}
    orders = np.stack([random.permutation(length) for _ in case["labels"]])
    tensors["case_a.orders"] = orders
    left = length
    for s in range(12):
        masked = max(1, min(left - 1, math.floor(length * math.cos(math.pi / 2 * (s + 1) / 12))))
        rows, left = 2 * (left if s == 11 else left - masked), masked
        tensors[f"case_a.step{s:02}.init"] = random.normal(size=(rows, channels)).astype("f4")
        for k in range(len(case["timesteps"])):
            tensors[f"case_a.step{s:02}.draw{k:03}"] = random.normal(size=(2 * rows, channels)).astype("f4")
    recorded = {}
    for lazy, prefix in ((True, ""), (False, "base.")):
        run(document, case, tensors, lazy, lambda suffix, values: recorded.update({f"case_a.{prefix}{suffix}": values}))
    gap = 1.0  # between the rows that leave and those that stay: has to be well above the rounding of a score, 1e-6
    for name, scores in recorded.items():
        kept = recorded.get(name.replace(".score", ".kept"))
        if name.endswith(".score") and not kept.all():
            gap = min(gap, *(s[k == 0].min() - s[k == 1].max() for s, k in zip(scores, kept)))
    print("tokens", recorded["case_a.tokens"].std(), "lazy less base",
          np.abs(recorded["case_a.tokens"] - recorded["case_a.base.tokens"]).mean(), "kept rows",
          [int(values[0].sum()) for name, values in recorded.items() if name.endswith("kept")], "least gap", gap)
    skipped = (".z",)  # intermediate, and large
    tensors |= {name: values for name, values in recorded.items() if not name.endswith(skipped)}
    pathlib.Path(stem + ".json").write_text(json.dumps(document, indent=1) + "\n")
    write(stem + ".safetensors", tensors)


if __name__ == "__main__":
    {"check": check, "make": make}[sys.argv[1]](sys.argv[2])
