# SPDX-License-Identifier: Apache-2.0
"""Builds ardent_torch into a folder, for the tests and the benchmark: for the host, unless CUDA is asked for.

usage: sys.path.insert(0, str(build(folder)))
"""
import os
import pathlib
import re
import subprocess
import sys
import sysconfig

SETUP = pathlib.Path(__file__).resolve().parent.parent / "setup.py"


class Impossible(Exception):
    """Something is not there that a build needs."""


def build(folder, cuda=False):
    """The folder below `folder` that holds the package, for this Python; what has not changed is not compiled again.

    cuda: with the kernels; a folder is for one or the other.

    Raises Impossible without Python's headers, setuptools or, with cuda, what setup.py wants for it; RuntimeError with
    the compiler's words if it fails.
    """
    header = pathlib.Path(sysconfig.get_paths()["include"]) / "Python.h"
    if not header.is_file():
        raise Impossible(f"expected Python's headers (Debian: python3-dev), found no {header}")
    try:
        import setuptools  # noqa: F401
    except ModuleNotFoundError as error:
        raise Impossible(str(error)) from error
    environment = dict(os.environ, ARDENT_TORCH_CUDA="1" if cuda else "0",
                       MAX_JOBS=str(min(4, os.cpu_count() or 2)))
    command = [sys.executable, "-B", str(SETUP), "-q", "build", "--build-base", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    refused = re.search(r"^expected a PyTorch with CUDA .*", done.stderr, re.MULTILINE)
    if refused:
        raise Impossible(refused[0])
    if done.returncode != 0:
        raise RuntimeError(f"{SETUP} failed:\n{done.stdout[-6000:]}{done.stderr[-3000:]}")
    return next(pathlib.Path(folder).glob(f"lib*{sys.implementation.cache_tag}*"))
