#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the results of ./dev gpu into a document.

usage: report.py RESULTS.jsonl DOCUMENT.md

RESULTS has a JSON object a line; its "kind" says what it is: run (the machine), limit, step kernel, head (seconds a
denoising step, of ardent or of another code), agreement, test, comparison (with PyTorch: it was to be), pytorch, note,
left out.
"""
import json
import pathlib
import sys

STEPS, TOKENS_OF_IMAGE, CHANNELS = 50, 4, 16
MODELS = {"MAR-B": (1024, 6), "MAR-L": (1280, 8), "MAR-H": (1536, 12)}
ALWAYS = (1, 256)  # the batches of which no run may lack PyTorch's times
TIME_WAS_UP = "the time was up"  # published_bench.py's reason, which excuses nothing
BYTES_OF_WEIGHT = {"bf16": 2, "fp16": 2, "fp8": 1, "fp32": 4}
# The names that published_bench.py prints, and how they are headed.
OTHERS = {"eager": "eager, float32", "fp16 autocast": "fp16 autocast", "torch.compile": "torch.compile",
          "CUDA graph": "CUDA graph", "compiled CUDA graph": "compiled, CUDA graph"}


def work(model, images, format):
    """(FLOPs, bytes) of a denoising step: what cannot be left out. The modulations of all rows, the layers that depend
    on x; of bytes, the weights that depend on x once, and each row's modulations in float32."""
    width, depth = MODELS[model]
    tokens = TOKENS_OF_IMAGE * images
    rows = 2 * tokens
    x_weights = 2 * depth * width * width
    modulations = (3 * depth + 2) * width
    of_row = x_weights + modulations * width + 2 * CHANNELS * width
    flops = 2 * (rows * of_row + tokens * CHANNELS * width)
    return flops, x_weights * BYTES_OF_WEIGHT[format] + 4 * rows * modulations


def microseconds(seconds):
    return f"{seconds * 1e6:.1f}" if seconds < 1e-4 else f"{seconds * 1e6:.0f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def share(value, limit):
    return f" ({100 * value / limit:.0f} %)" if limit else ""


class Results:
    """The lines, by kind."""

    def __init__(self, lines):
        self.lines = lines
        self.limits = {r["name"]: r["value"] for r in self.of("limit")}

    def product_rate(self):
        """Of a large bfloat16 product, by whom it is faster; None if it was not measured."""
        return max((v for name, v in self.limits.items() if name.startswith("bf16 product")), default=None)

    def of(self, kind, **fields):
        return [r for r in self.lines if r["kind"] == kind and all(r.get(k) == v for k, v in fields.items())]

    def models(self):
        return [model for model in MODELS if self.of("head", model=model)]

    def chosen(self, **fields):
        """What the tunings choose among some of ardent's times: products, where there are any for so many rows, or the
        regime of one launch."""
        all_chosen = self.of("head", code="ardent", chosen=True, **fields)
        return [r for r in all_chosen if r["regime"] == "products"] or all_chosen

    def fastest(self, model, images):
        """ardent's fastest choice in any format; None if nothing was timed."""
        return min(self.chosen(model=model, images=images), key=lambda r: r["seconds"], default=None)

    def batches(self, model):
        return sorted({r["images"] for r in self.of("head", model=model)})


def missing(lines):
    """What a run lacks that none may lack, in words. Where a code failed, its own reason excuses it."""
    r = Results(lines)
    texts = [] if r.product_rate() else ["the rate of a bfloat16 matrix product was not measured"]
    if not r.of("comparison"):
        return texts
    for model in MODELS:
        for code, heading in OTHERS.items():
            excused = {x["images"] for x in r.of("left out", code=code, model=model) if x["why"] != TIME_WAS_UP}
            timed = {x["images"] for x in r.of("head", code=code, model=model)}
            lacking = [str(images) for images in ALWAYS if images not in timed | excused]
            if lacking:
                texts.append(f"no time for PyTorch's {heading} with {model} at {' and '.join(lacking)} images")
    return texts


def machine(r):
    run = r.of("run")[0]
    lines = [f"# On an {run['name']}", "",
             f"Written on {run['date']} by `{run['command']}` (commit {run['commit']}), with nvcc {run['nvcc']} and "
             f"driver {run['driver_version']}; memory {run['memory.total']}, clock at most {run['clocks.max.sm']}, "
             f"power limit {run['power.limit']}."]
    lines += [f"PyTorch {p['version']} with CUDA {p['cuda']}." for p in r.of("pytorch")]
    lines += [f"Left undone: {note['text']}." for note in r.of("note")]
    if r.of("head"):
        lines += [f"Left undone: {text}." for text in missing(r.lines)]
    return "\n".join(lines)


def limits(r):
    shown = {"B/s": lambda v: f"{v / 1e12:.2f} TB/s", "FLOP/s": lambda v: f"{v / 1e12:.0f} TFLOP/s",
             "s": lambda v: f"{v * 1e6:.2f} us"}
    rows = [(x["name"], shown[x["unit"]](x["value"])) for x in r.of("limit")]
    return ("## Limits, measured in the same run\n\nA copy counts bytes read and written. An L2 read is of 24 MiB by "
            "all multiprocessors; a launch is an empty kernel's, among many; a grid barrier is of a block on each "
            "multiprocessor.\n\n" + table(("limit", "measured"), rows))


def against(r):
    parts = ["## Against the published head\n\nMicroseconds of one denoising step, the median; 4 tokens an image, "
             "guided, DDPM with learned range, 50 steps, whose cost outside the steps (the conditions' embedding, "
             "launches) is shared out among them. ardent in its fastest format and the regime that its tuning chooses. "
             "Of the others, the ratio to ardent: they are `benchmarks/published/head.py`, as published and then "
             "with what PyTorch offers, under fp16 autocast from the second on."]
    for model in r.models():
        rows = []
        for images in r.batches(model):
            ours = r.fastest(model, images)
            row = [images, f"{microseconds(ours['seconds'])} ({ours['format']}, {ours['regime']})" if ours else "-"]
            for code in OTHERS:
                found = r.of("head", code=code, model=model, images=images)
                ratio = f" ({found[0]['seconds'] / ours['seconds']:.1f}x)" if found and ours else ""
                row.append(microseconds(found[0]["seconds"]) + ratio if found else "-")
            rows.append(row)
        width, depth = MODELS[model]
        parts.append(f"### {model}: width {width}, depth {depth}\n\n" +
                     table(("images", "ardent", *OTHERS.values()), rows))
    return "\n\n".join(parts)


def regimes(r):
    timed = r.of("head", code="ardent")
    names = list(dict.fromkeys(x["regime"] for x in timed))
    rows, bounds = [], (r.product_rate(), r.limits.get("L2 read"))
    for model in r.models():
        for format in dict.fromkeys(x["format"] for x in timed if x["model"] == model):
            for images in r.batches(model):
                found = {x["regime"]: x for x in timed
                         if (x["model"], x["format"], x["images"]) == (model, format, images)}
                if not found:
                    continue
                best = min(found.values(), key=lambda x: x["seconds"])
                chosen = [x["regime"] for x in r.chosen(model=model, images=images, format=format)]
                flops, size = work(model, images, format)
                cells = [microseconds(found[n]["seconds"]) + (" *" if n in chosen else "") if n in found else "-"
                         for n in names]
                rows.append((model, format, images, *cells,
                             f"{flops / best['seconds'] / 1e12:.1f}{share(flops / best['seconds'], bounds[0])}",
                             f"{size / best['seconds'] / 1e12:.2f}{share(size / best['seconds'], bounds[1])}"))
    return ("## ardent in each regime\n\nMicroseconds of a denoising step; * is what the tuning chooses; products are "
            "cuBLASLt's, in a CUDA graph; with bf16 between, what they give is rounded too. TFLOP/s and TB/s are of the "
            "fastest regime, in percent of the bfloat16 product's rate and of the L2 read's. Counted is what cannot be "
            "left out: FLOPs of all modulations and of the layers that depend on x; bytes of the weights that depend on "
            "x, once, and of each row's modulations.\n\n" +
            table(("model", "weights", "images", *names, "TFLOP/s", "TB/s"), rows))


def step_kernels(r):
    copy = r.limits.get("copy")
    rows = [(x["name"], f"{x['bytes'] / 1e6:.0f}", microseconds(x["seconds"]),
             f"{x['bytes'] / x['seconds'] / 1e12:.2f}{share(x['bytes'] / x['seconds'], copy)}")
            for x in r.of("step kernel")]
    return ("## Step kernels around somebody else's network\n\nA million tokens of 16 channels; percent of the copy."
            "\n\n" +
            table(("solver", "MB", "us", "TB/s"), rows))


def checked(r):
    lines = ["## Checks in the same run", ""]
    for tool in dict.fromkeys(x["tool"] for x in r.of("test")):
        found = r.of("test", tool=tool)
        states = {s: sorted(x["name"] for x in found if x["result"] == s) for s in ("passed", "failed", "skipped")}
        text = f"{len(states['passed'])} of {len(found)} programs passed"
        text += "".join(f"; {s}: {', '.join(states[s])}" for s in ("failed", "skipped") if states[s])
        lines.append(f"- {tool or 'tests'}: {text}.")
    for x in r.of("agreement"):
        verdict = "agrees" if x["agrees"] else "DIFFERS"
        lines.append(f"- PyTorch's samples and ardent's, {x['case']}, {x['how']}: {verdict}, by {x['difference']:.1e} "
                     f"of the largest (bound {x['bound']:g}).")
    lines += [f"- left out: {x['code']}, {x['model']}, {x['images']} images: {x['why']}." for x in r.of("left out")]
    return "\n".join(lines)


def document(lines):
    """The document's text."""
    r = Results(lines)
    parts = [machine(r)]
    for kind, part in (("limit", limits), ("head", against), ("head", regimes), ("step kernel", step_kernels)):
        if r.of(kind, **({"code": "ardent"} if part is regimes else {})):
            parts.append(part(r))
    if r.of("test") or r.of("agreement") or r.of("left out"):
        parts.append(checked(r))
    return "\n\n".join(parts) + "\n"


def read(path):
    """The lines of results."""
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines() if line.strip()]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pathlib.Path(sys.argv[2]).write_text(document(read(sys.argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
