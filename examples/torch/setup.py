# SPDX-License-Identifier: Apache-2.0
"""Builds ardent_torch against the PyTorch that is installed.

usage: pip install --no-build-isolation ./examples/torch

Wants g++ 12 or newer and Python's headers; with ninja it builds files side by side and compiles only what has changed.
Where PyTorch has CUDA and there are ninja and an nvcc of the same major version, 13 or newer, the kernels are compiled
too, for the GPUs in TORCH_CUDA_ARCH_LIST or those that are there; ARDENT_TORCH_CUDA=0 leaves them out, 1 insists.
"""
import os
import pathlib
import re
import subprocess

import torch
from setuptools import setup
from torch.utils import cpp_extension

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
os.chdir(HERE)  # paths below are relative to here, as setuptools wants them
INCLUDE = [str(ROOT / "include"), str(ROOT / "examples")]
SOURCES = ["native/module.cpp", "native/host_head.cpp", "../common/network/aligned_memory.cpp"]


def nvcc_major():
    """Of the nvcc that PyTorch would run; 0 if there is none."""
    home = cpp_extension.CUDA_HOME
    try:
        said = subprocess.run([f"{home}/bin/nvcc", "--version"], capture_output=True, text=True, check=True).stdout
        return int(re.search(r"release (\d+)", said)[1])
    except (OSError, subprocess.CalledProcessError, TypeError):
        return 0


def with_cuda():
    asked = os.environ.get("ARDENT_TORCH_CUDA", "auto")
    has = (torch.version.cuda or "none").split(".")[0]
    can = nvcc_major() >= 13 and has == str(nvcc_major()) and cpp_extension.is_ninja_available()
    if asked == "1" and not can:
        raise SystemExit(f"expected a PyTorch with CUDA 13 or newer, an nvcc of its major version, and ninja, found "
                         f"CUDA {has}, nvcc {nvcc_major() or 'none'}, ninja {cpp_extension.is_ninja_available()}")
    return can and asked != "0"


def extension():
    cxx = ["-std=c++20", "-O2"]
    if not with_cuda():
        return cpp_extension.CppExtension("ardent_torch._native", SOURCES, include_dirs=INCLUDE,
                                          extra_compile_args={"cxx": cxx})
    return cpp_extension.CUDAExtension(
        "ardent_torch._native", [*SOURCES, "native/device_head.cu"], include_dirs=INCLUDE,
        extra_compile_args={"cxx": [*cxx, "-DARDENT_TORCH_CUDA"], "nvcc": ["-std=c++20", "-O2", "-diag-suppress=177"]})


setup(
    name="ardent-torch",
    version="0.1.0",
    description="ardent's diffusion head in place of the published one of MAR and Harmon",
    license="Apache-2.0",
    packages=["ardent_torch"],
    install_requires=["torch"],
    ext_modules=[extension()],
    cmdclass={"build_ext": cpp_extension.BuildExtension},
)
