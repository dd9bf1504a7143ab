# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of a head's expected time per denoising step (bytes, FLOPs, and what blocks wait for) and of step
kernels' bytes, beside what an H100 took.

usage: section() -> lines
"""
import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Card:
    """What bounds a step on a card."""
    sms: int
    cache: float  # bytes/s of the second-level cache, read
    rate: float  # dense bf16 FLOP/s that mma.sync reaches
    shared: int  # bytes a block may have, as cuda::most_shared_bytes says
    barrier: float = 1.02e-6  # seconds that all blocks take to wait for one another
    launch: float = 4.0e-6  # seconds from one launch to the next


# Of the H100 the cache, barrier, launch and COPY are measured (docs/benchmarks/h100.md); rates, and all of the others'
# numbers, are assumed.
H100 = Card(132, 8.05e12, 0.6e15, 227 << 10)
COPY = 2.99e12  # bytes/s read and written
OTHERS = {"A100": Card(108, 4.5e12, 0.25e15, 163 << 10), "B200": Card(148, 9e12, 0.6e15, 227 << 10),
          "RTX 5090": Card(170, 6e12, 0.19e15, 99 << 10)}
HEADS = {"MAR-B": (1024, 6), "MAR-L": (1280, 8), "MAR-H": (1536, 12)}
OUTPUTS, FLOAT = 32, 4
# Bytes of a weight and of an activation, and multiplications of 16-bit numbers that one of theirs costs: three TF32
# products, each at half the rate.
FORMATS = {"fp32": (4, 4, 6), "bf16": (2, 2, 1), "fp8": (1, 2, 1)}
MOST_ROWS = {"resident": 16, "streamed": 16, "wide": 48, "tiles": 32}
# Microseconds of a step of MAR-B in bf16 by docs/benchmarks/h100.md, by rows and regime.
MEASURED = {(8, "resident"): 55.5, (8, "streamed"): 53.4, (8, "products"): 256, (32, "wide"): 129,
            (32, "streamed"): 138, (128, "wide"): 429, (128, "products"): 260, (512, "wide"): 1610,
            (512, "products"): 297, (2048, "tiles"): 3207, (2048, "products"): 687}
# Step kernels as benchmarks/gpu/step_bench.cu has them, 16 channels a token: name, bytes of a number of the network's,
# numbers fetched of its output and written of its input, floats of the state and of earlier outputs read and written,
# and bytes of the noise's key; and microseconds of 2^20 tokens on the H100. Memory is fetched in pieces of 64 bytes: in
# float16 the variance of the branch without a label, which nobody reads, comes along.
STEPS = [("DDIM, float", 4, 16, 16, 16, 0, 69.5), ("DDPM learned range, guided, float", 4, 48, 16, 16, 8, 122),
         ("DDPM learned range, guided, float16", 2, 64, 16, 32, 8, 107),
         ("DPM-Solver++ 2M, guided, float", 4, 32, 16, 48, 0, 136)]


def fits(card, head, rows, form):
    """Whether the residual blocks' weights stay in shared memory; tests/tile/fits_test.cpp checks the library's."""
    (width, depth), (weight, activation, _) = HEADS[head], FORMATS[form]
    panels = math.ceil(2 * depth * width / 8 / min(card.sms, width // 8))
    return rows <= 16 and panels * 8 * width * weight + rows * width * activation + 2048 <= card.shared


def shared_tile(card, head, rows, form, regime):
    """(bytes through the cache, FLOPs, barriers) of a step in which all blocks share a tile."""
    (width, depth), (weight, activation, _) = HEADS[head], FORMATS[form]
    once = hoisted = regime != "wide"
    blocks = min(card.sms, width // 8)
    # the last layer: each row's norm by several blocks, which share its outputs
    last = max(blocks, rows) * width * 3 * FLOAT + rows * width * OUTPUTS * FLOAT
    read = last + (0 if regime == "resident" else 2 * depth * width**2 * weight)
    if not hoisted:
        read += (3 * depth + 2) * width**2 * weight
    # every block reads h, shift and scale for its layer norms, or what another made of them, and hidden activations
    of_norms = 3 * FLOAT if once else activation
    read += blocks * rows * width * depth * (of_norms + activation) + rows * width * depth * 4 * FLOAT
    flops = 2 * rows * width**2 * (2 * depth + (0 if hoisted else 3 * depth + 2))
    return read, flops, 2 * depth + 2 if regime != "wide" else 3 * depth + 2


def own_tiles(head, rows, form):
    """The same where each block has a tile of 32 rows: it reads all weights, and its modulations twice."""
    (width, depth), (weight, _, _) = HEADS[head], FORMATS[form]
    read = math.ceil(rows / 32) * ((5 * depth + 2) * width**2 * weight + width * OUTPUTS * FLOAT)
    read += rows * width * FLOAT * (2 * (3 * depth + 2) + 6 * depth)
    return read, 2 * rows * width**2 * (5 * depth + 2), 0


def products(head, rows, form):
    """The same by matrix products; waits are launches, the step kernel's among them."""
    (width, depth), (weight, activation, _) = HEADS[head], FORMATS[form]
    read = (5 * depth + 2) * width**2 * weight
    read += rows * width * (2 * (3 * depth + 2) * FLOAT + depth * (8 * FLOAT + 4 * activation))
    return read, 2 * rows * width**2 * (5 * depth + 2), 5 * depth + 6


def line(card, head, rows, form, regime):
    """(cells, microseconds) of a step."""
    wait = card.barrier
    if regime == "products":
        read, flops, waits = products(head, rows, form)
        wait = card.launch
    elif regime == "tiles":
        read, flops, waits = own_tiles(head, rows, form)
    else:
        turns = math.ceil(rows / MOST_ROWS[regime])  # tile after tile
        read, flops, waits = (turns * n for n in shared_tile(card, head, math.ceil(rows / turns), form, regime))
    times = [1e6 * read / card.cache, 1e6 * flops * FORMATS[form][2] / card.rate, 1e6 * waits * wait]
    total = max(times[:2]) + times[2]
    return [head, form, rows, regime, f"{read / 1e6:.1f}", f"{flops / 1e9:.2f}", waits,
            *(f"{time:.1f}" for time in times), f"{total:.0f}"], total


def regime_of(card, head, rows, form):
    """What default_tuning takes; tiles where there are no products."""
    if rows >= 128 and form != "fp8":
        return "products"
    if rows > 16:
        return "wide" if rows <= 768 else "tiles"
    return "resident" if fits(card, head, rows, form) else "streamed"


COLUMNS = ["head", "weights", "rows", "regime", "MB", "GFLOP", "waits", "us of bytes", "us of FLOPs", "us of waits", "us"]


def table(head, rows):
    """A table in Markdown."""
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows), ""]


def steps():
    """Of step kernels."""
    rows = []
    for name, size, read, written, state, keys, took in STEPS:
        each = size * (read + written) + FLOAT * state + keys
        expected = 1e6 * each * 2**20 / COPY
        rows.append([name, each, f"{expected:.1f}", took, f"{took / expected:.2f}"])
    return table(["step kernel", "bytes a token", "us expected", "us measured", "ratio"], rows)


def section():
    """The tables."""
    all_rows = [line(H100, head, rows, form, regime_of(H100, head, rows, form))[0]
                for head in HEADS for form in FORMATS for rows in (2, 8, 16, 32, 128, 2048)]
    timed = []
    for (rows, regime), took in MEASURED.items():
        cells, expected = line(H100, "MAR-B", rows, "bf16", regime)
        timed.append([*cells[2:], f"{took:g}", f"{took / expected:.1f}"])
    others = [[name, *line(card, head, rows, "bf16", regime_of(card, head, rows, "bf16"))[0]]
              for name, card in OTHERS.items() for head in HEADS for rows in (8, 32, 2048)]
    return ["## Expected time of a step", "",
            "Bytes go through the second-level cache; FLOPs are of the matrix products; a wait is a grid's barrier, or a",
            "launch where there are products. The time is the larger of the first two, and all waits one after another.",
            "Latencies within a block come on top, and once a trajectory what precedes its first step: embedding the",
            "conditions and, in the regimes resident and streamed, the modulations of all steps, 2 (3 D + 2) W^2 FLOPs for",
            "each row and step.", "",
            f"**An H100** of {H100.sms} multiprocessors, with what [h100.md](h100.md) measured:"
            f" {H100.cache / 1e12:g} TB/s of cache,", f"{H100.barrier * 1e6:g} us a barrier, {H100.launch * 1e6:g} us a launch"
            f" (in a graph it may be less). {H100.rate / 1e12:g} TFLOP/s in bf16 are assumed; float32", "costs six times as"
            " much (three TF32 products at half the rate), fp8 as much, for it is multiplied as bf16. Regimes are", "those"
            " of `default_tuning` with products.", "", *table(COLUMNS, all_rows),
            "**Beside what was measured** for MAR-B in bf16. What few rows take beyond the expected is latency within blocks,",
            "by the clock stamps in h100.md.", "", *table([*COLUMNS[2:], "us measured", "ratio"], timed),
            "**Other cards, all numbers assumed**, none measured; barriers and launches as on the H100:",
            *(f"- {name}: {card.sms} multiprocessors, {card.cache / 1e12:g} TB/s, {card.rate / 1e12:g} TFLOP/s"
              for name, card in OTHERS.items()), "",
            *table(["card", *COLUMNS], others),
            "**Step kernels** around somebody else's network, 16 channels a token: bytes that memory has to move for each, in",
            f"pieces of 64, and the time of 2^20 tokens at the {COPY / 1e12:g} TB/s of a copy on the H100.", "", *steps()]
