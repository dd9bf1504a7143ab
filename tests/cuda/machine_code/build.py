# SPDX-License-Identifier: Apache-2.0
"""Kernels as the compiler makes them, on each architecture.

usage: Compiler(include, command).kernels(source, arch) -> {mangled name: Kernel}
       Compiler(include, command).answers(source, lines) -> lines of a host program
"""
import dataclasses
import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import sass

RESOURCES = re.compile(r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, "
                       r"(\d+) bytes spill loads.*?Used (\d+) registers([^\n]*)", re.DOTALL)
INFORMATION = re.compile(r"\.section\s+\.nv\.info\.(\w+),(.*?)(?=\.section\s|\Z)", re.DOTALL)
THREADS = re.compile(r"EIATTR_MAX_THREADS.*?\.word\s+(0x[0-9a-f]+)", re.DOTALL)


@dataclasses.dataclass
class Kernel:
    """A kernel on one architecture."""
    instructions: list
    registers: int
    shared: int  # bytes, static
    stack: int  # bytes of local memory, those of spilled registers among them
    threads: int | None  # of a block, by its launch bounds


def find_nvdisasm(nvcc):
    """nvdisasm on the path, beside nvcc, or from PyPI in this Python's environment; None if nowhere."""
    beside = pathlib.Path(os.path.realpath(shutil.which(nvcc) or nvcc)).parent / "nvdisasm"
    wheels = glob.glob(os.path.join(sys.prefix, "lib/python3*/site-packages/nvidia/cu13/bin/nvdisasm"))
    candidates = (shutil.which("nvdisasm"), beside, *wheels)
    return next((found for found in candidates if found and os.path.exists(found)), None)


class Compiler:
    """nvcc with its arguments, and nvdisasm."""

    def __init__(self, include, command):
        self.host_command = [*command, "-I", include]
        self.command = [*self.host_command, "-Xptxas=-v", "-cubin"]
        self.disassembler = find_nvdisasm(command[0])
        version = subprocess.run([command[0], "--version"], capture_output=True, text=True, check=True).stdout
        self.version = re.search(r"V[\d.]+", version)[0]

    def answers(self, source, lines):
        """What a program says when it is given those lines, a line each."""
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "program")
            full = [*self.host_command, os.fspath(source), "-o", program]
            result = subprocess.run(full, capture_output=True, text=True)
            if result.returncode:
                raise SystemExit(f"{source.name} does not compile:\n{result.stdout}{result.stderr}")
            said = subprocess.run([program], input="".join(f"{line}\n" for line in lines), capture_output=True,
                                  text=True, check=True).stdout.splitlines()
        if len(said) != len(lines):
            raise SystemExit(f"{source.name}: expected {len(lines)} lines, found {len(said)}")
        return said

    def kernels(self, source, arch):
        """The kernels of a file."""
        with tempfile.TemporaryDirectory() as folder:
            cubin = os.path.join(folder, "kernels.cubin")
            full = [*self.command, f"-gencode=arch=compute_{arch},code=sm_{arch}", os.fspath(source), "-o", cubin]
            result = subprocess.run(full, capture_output=True, text=True)
            if result.returncode:
                raise SystemExit(f"{source.name} does not compile for sm_{arch}:\n{result.stdout}{result.stderr}")
            text = subprocess.run([self.disassembler, cubin], capture_output=True, text=True, check=True).stdout
        threads = {name: THREADS.search(body) for name, body in INFORMATION.findall(text)}
        code, found = sass.kernels(text), {}
        for name, *local, registers, rest in RESOURCES.findall(result.stdout + result.stderr):
            shared = re.search(r"(\d+) bytes smem", rest)
            found[name] = Kernel(code[name], int(registers), int(shared[1]) if shared else 0, max(map(int, local)),
                                 int(threads[name][1], 16) if threads.get(name) else None)
        if set(found) != set(code):
            raise SystemExit(f"{source.name}: ptxas and nvdisasm name other kernels for sm_{arch}: "
                             f"{sorted(set(found) ^ set(code))}")
        return found
