# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of a head's expected time per denoising step: bytes, FLOPs, and what blocks wait for.

usage: section() -> lines
"""
import math

# An H100 SXM, assumed and not measured: multiprocessors, bytes/s of the second-level cache, dense bf16 FLOP/s that
# mma.sync reaches, seconds that all blocks take to wait for one another, seconds from one launch's end to the next.
SMS, CACHE, RATE, BARRIER, LAUNCH = 132, 5.5e12, 0.6e15, 1.3e-6, 1.5e-6
HEADS = {"MAR-B": (1024, 6), "MAR-L": (1280, 8), "MAR-H": (1536, 12)}
CHANNELS, OUTPUTS = 16, 32
FLOAT, BF16 = 4, 2
SHARED = 227 * 1024
SCRATCH = {2: 2048, 4: 4096, 6: 6144}  # by rows of a tile / 8


def fits(width, depth, rows, weight=BF16):
    """Whether the residual blocks' weights stay in shared memory; tests/tile/fits_test.cpp checks the library's."""
    panels = math.ceil(2 * depth * width / 8 / SMS)
    return rows <= 16 and panels * 8 * width * weight + rows * width * BF16 + SCRATCH[2] <= SHARED


def shared_tile(width, depth, rows, hoisted, resident, once):
    """(bytes through the cache, FLOPs, waits) of a step in which all blocks share a tile of bf16 weights."""
    blocks = min(SMS, width // 8)
    weights = (0 if resident else 2 * depth * width**2 * BF16) + blocks * width * OUTPUTS * BF16
    if not hoisted:
        weights += (3 * depth + 2) * width**2 * BF16
    # every block reads h, shift and scale for its layer norms, or what another made of them, and hidden activations
    of_norms = BF16 if once else 3 * FLOAT
    activations = blocks * rows * width * ((depth + 1) * of_norms + depth * BF16) + rows * width * depth * 4 * FLOAT
    flops = 2 * rows * width**2 * (2 * depth + (0 if hoisted else 3 * depth + 2))
    return weights + activations, flops, 3 * depth + 2 if once else 2 * depth + 1


def own_tiles(width, depth, rows):
    """The same where each block has a tile of 32 rows: it reads all weights, and its modulations twice."""
    tiles = math.ceil(rows / 32)
    weights = tiles * ((5 * depth + 2) * width**2 + width * OUTPUTS) * BF16
    activations = rows * width * FLOAT * (2 * (3 * depth + 2) + 6 * depth)
    return weights + activations, 2 * rows * width**2 * (5 * depth + 2), 0


def products(width, depth, rows):
    """The same by matrix products; waits are launches."""
    weights = (5 * depth + 2) * width**2 * BF16
    activations = rows * width * (2 * (3 * depth + 2) * FLOAT + depth * (8 * FLOAT + 4 * BF16))
    return weights + activations, 2 * rows * width**2 * (5 * depth + 2), 5 * depth + 5


def section():
    """The table."""
    rows = []
    for name, (width, depth) in HEADS.items():
        for count in (2, 8, 16, 48, 4096):
            if count <= 16:
                resident = fits(width, depth, count)
                regime, cost = "resident" if resident else "streamed", shared_tile(width, depth, count, True, resident, False)
            elif count <= 48:
                regime, cost = "wide", shared_tile(width, depth, count, False, False, True)
            else:
                regime, cost = "tiles", own_tiles(width, depth, count)
            rows.append((name, count, regime, BARRIER, *cost))
        rows.append((name, 4096, "products", LAUNCH, *products(width, depth, 4096)))
    lines = ["## Expected time of a step, bf16 weights", "",
             "Not measured: no card was at hand. Bytes go through the second-level cache; FLOPs are of the matrix",
             "products; a wait is a grid's barrier, or a launch where there are products. The time is the largest of the",
             "first two and all waits one after another, for an H100 of 132 multiprocessors with"
             f" {CACHE / 1e12:g} TB/s, {RATE / 1e12:g} TFLOP/s,",
             f"{BARRIER * 1e6:g} us a barrier and {LAUNCH * 1e6:g} us a launch. Latencies within a block come on top, and once a",
             "trajectory what precedes its first step: embedding the conditions and, in the regimes resident and streamed,",
             "the modulations of all steps, 2 (3 D + 2) W^2 FLOPs for each row and step.", "",
             "| head | rows | regime | MB | GFLOP | waits | us of bytes | us of FLOPs | us of waits | us |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for name, count, regime, wait, size, flops, waits in rows:
        times = [1e6 * size / CACHE, 1e6 * flops / RATE, 1e6 * waits * wait]
        cells = [name, count, regime, f"{size / 1e6:.1f}", f"{flops / 1e9:.2f}", waits, *(f"{t:.1f}" for t in times),
                 f"{max(times[:2]) + times[2]:.0f}"]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return [*lines, ""]
