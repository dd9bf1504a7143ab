#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The document that benchmarks/gpu/report.py makes of results: ratios, rates and shares are those that the numbers say.

usage: report_test.py ROOT
"""
import json
import pathlib
import subprocess
import sys
import tempfile


def head(code, images, seconds, **more):
    return {"kind": "head", "code": code, "model": "MAR-B", "images": images, "seconds": seconds, "repeats": 9, **more}


RESULTS = [
    {"kind": "run", "date": "2026-01-02", "nvcc": "V13.0.88", "commit": "abc1234", "command": "./dev gpu",
     "name": "CARD", "compute_cap": "9.0", "driver_version": "580.1", "memory.total": "80 MiB",
     "clocks.max.sm": "1980 MHz", "power.limit": "700 W"},
    {"kind": "limit", "name": "copy", "value": 3e12, "unit": "B/s"},
    {"kind": "limit", "name": "L2 read", "value": 5e12, "unit": "B/s"},
    {"kind": "limit", "name": "bf16 product", "value": 8e14, "unit": "FLOP/s"},
    {"kind": "limit", "name": "bf16 product by PyTorch", "value": 7e14, "unit": "FLOP/s"},
    {"kind": "limit", "name": "launch", "value": 2.5e-6, "unit": "s"},
    {"kind": "step kernel", "name": "DDIM, float", "bytes": 201326592, "seconds": 8e-5, "repeats": 30},
    {"kind": "comparison"},
    {"kind": "pytorch", "version": "2.11", "cuda": "13.0"},
    head("ardent", 1, 4e-5, format="bf16", regime="resident", chosen=True),
    head("ardent", 1, 8e-5, format="bf16", regime="streamed", chosen=False),
    head("ardent", 256, 1e-3, format="bf16", regime="tiles", chosen=True),
    head("ardent", 256, 5e-4, format="bf16", regime="wide", chosen=False),
    head("ardent", 256, 2e-3, format="bf16", regime="products", chosen=True),
    head("ardent", 1, 9e-5, format="bf16", regime="products", chosen=False),
    head("eager", 1, 2e-3),
    head("CUDA graph", 1, 3e-4),
    head("eager", 256, 4e-3),
    {"kind": "left out", "code": "torch.compile", "model": "MAR-B", "images": 1, "why": "the time was up"},
    {"kind": "left out", "code": "compiled CUDA graph", "model": "MAR-B", "images": 1, "why": "RuntimeError: no"},
    {"kind": "test", "name": "block_test", "tool": None, "result": "passed", "seconds": 1.0, "skipped_cases": 0},
    {"kind": "test", "name": "head_test", "tool": "racecheck", "result": "failed", "seconds": 1.0, "skipped_cases": 0},
    {"kind": "agreement", "case": "MAR-B", "how": "bf16", "difference": 3e-3, "bound": 5e-2, "agrees": True},
]
# 8 rows: 2 * (8 (12 + 20) 1024^2 + 8 * 32 * 1024 + 4 * 16 * 1024) FLOPs; 2 * 12 * 1024^2 + 4 * 8 * 20 * 1024 bytes
FLOPS, SIZE = 2 * (8 * 32 * 1024**2 + 8 * 32 * 1024 + 4 * 16 * 1024), 24 * 1024**2 + 32 * 20 * 1024
EXPECTED = [
    "# On an CARD",
    "Written on 2026-01-02 by `./dev gpu` (commit abc1234), with nvcc V13.0.88 and driver 580.1",
    "| launch | 2.50 us |",
    "| bf16 product | 800 TFLOP/s |",
    # the tuning's choice, not the fastest regime, is what others are compared with
    "| 1 | 40.0 (bf16, resident) | 2000 (50.0x) | - | - | 300 (7.5x) | - |",
    "| 256 | 2000 (bf16, products) | 4000 (2.0x) | - | - | - | - |",
    "| MAR-B | bf16 | 1 | 40.0 * | 80.0 | - | - | 90.0 | "
    f"{FLOPS / 4e-5 / 1e12:.1f} ({FLOPS / 4e-5 / 8e12:.0f} %) | "
    f"{SIZE / 4e-5 / 1e12:.2f} ({SIZE / 4e-5 / 5e10:.0f} %) |",
    "| MAR-B | bf16 | 256 | - | - | 1000 | 500 | 2000 * | ",
    "| DDIM, float | 201 | 80.0 | 2.52 (84 %) |",
    "- tests: 1 of 1 programs passed.",
    "- racecheck: 0 of 1 programs passed; failed: head_test.",
    "MAR-B, bf16: agrees, by 3.0e-03 of the largest (bound 0.05).",
    "- left out: torch.compile, MAR-B, 1 images: the time was up.",
    # what no run may lack: a time that was up is no excuse, another failure is
    "Left undone: no time for PyTorch's torch.compile with MAR-B at 1 and 256 images.",
    "Left undone: no time for PyTorch's CUDA graph with MAR-B at 256 images.",
    "Left undone: no time for PyTorch's compiled, CUDA graph with MAR-B at 256 images.",
    "Left undone: no time for PyTorch's eager, float32 with MAR-L at 1 and 256 images.",
]


def written(root, lines):
    with tempfile.TemporaryDirectory() as folder:
        results, document = pathlib.Path(folder, "results.jsonl"), pathlib.Path(folder, "document.md")
        results.write_text("".join(json.dumps(line) + "\n" for line in lines))
        subprocess.run([sys.executable, root / "benchmarks/gpu/report.py", results, document], check=True)
        return document.read_text()


def main():
    root = pathlib.Path(sys.argv[1])
    text = written(root, RESULTS)
    missing = [line for line in EXPECTED if line not in text]
    if "eager, float32 with MAR-B" in text or "product was not measured" in text:
        missing.append("nothing said of what is there")
    faster = [{**x, "value": 9e14} if x.get("name") == "bf16 product by PyTorch" else x for x in RESULTS]
    if f"({FLOPS / 4e-5 / 9e12:.0f} %)" not in written(root, faster):
        missing.append("the larger of two rates")
    without = [x for x in RESULTS if not x.get("name", "").startswith("bf16 product")]
    if "Left undone: the rate of a bfloat16 matrix product was not measured." not in written(root, without):
        missing.append("a word about the rate that is not there")
    # a run that was cut short, or has no PyTorch
    short = written(root, RESULTS[:2] + [{"kind": "note", "text": "PyTorch was not found"}])
    if "Left undone: PyTorch was not found." not in short or "Against" in short or "regime" in short:
        missing.append(f"a document without figures, found {short!r}")
    print(f"expected {missing}, found\n{text}" if missing else f"{len(EXPECTED)} lines are as the numbers say")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
