# SPDX-License-Identifier: Apache-2.0
"""PyTorch and ardent_torch for a test, which is skipped (exit code 77) where they cannot be had.

usage: want_pytorch(root), then want_ardent_torch(root)
"""
import importlib.util
import os
import pathlib
import sys

SKIPPED = 77


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def want_pytorch(root):
    """Goes on in build/bench-venv's Python if this one has no PyTorch."""
    missing = [name for name in ("numpy", "torch") if importlib.util.find_spec(name) is None]
    other = root / "build/bench-venv/bin/python"
    if missing and other.is_file() and pathlib.Path(sys.prefix) != other.parent.parent:
        os.execv(other, [str(other), "-B", *sys.argv])
    if missing:
        skip(f"there is no {missing[0]}")
    sys.dont_write_bytecode = True


def want_ardent_torch(root, cuda=False):
    """Builds ardent_torch, and lets it be imported."""
    sys.path.insert(0, str(root / "examples/torch/tools"))
    import build_ardent_torch as build
    try:
        sys.path.insert(0, str(build.build(root / ("build/torch-cuda" if cuda else "build/torch"), cuda)))
    except build.Impossible as error:
        skip(error)
