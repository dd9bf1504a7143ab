#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at the machine code of the kernels in this folder, for every architecture. No GPU is needed.

usage: machine_code.py INCLUDE_FOLDER REPORT -- NVCC [ARGUMENT ...]

Checks that no pointwise kernel calls a subroutine, jumps through a register or keeps anything in local memory, and that
compositions whose rows have one shape share a kernel. REPORT is the document that states registers and instructions; if
it was written with this version of nvcc it must be what is found, and ARDENT_UPDATE=1 in the environment writes it anew.
Exits with 77 (skipped) without nvdisasm.
"""
import collections
import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ARCHITECTURES = ["80", "90", "100", "120"]
FORBIDDEN = ("CALL", "RET", "BRX", "JMX", "LDL", "STL")
COUNTED = ("FFMA", "FMUL", "FADD", "MUFU", "IMAD", "LDC", "LDG", "STG", "BRA")
FUNCTION = re.compile(r"^\.text\.(\S+):$")
INSTRUCTION = re.compile(r"^\s+(?:/\*[0-9a-f]+\*/\s+)?(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_]*)\b[^:]*;")
REGISTERS = re.compile(r"Compiling entry function '(\w+)'.*?Used (\d+) registers", re.DOTALL)


def find_nvdisasm(nvcc):
    """nvdisasm on the path, beside nvcc, or from PyPI in this Python's environment; None if nowhere."""
    beside = pathlib.Path(os.path.realpath(shutil.which(nvcc) or nvcc)).parent / "nvdisasm"
    wheels = glob.glob(os.path.join(sys.prefix, "lib/python3*/site-packages/nvidia/cu13/bin/nvdisasm"))
    return next((found for found in (shutil.which("nvdisasm"), beside, *wheels) if found and os.path.exists(found)), None)


def compile_cubin(source, include, command, arch, folder):
    """(machine code as text, registers by kernel)."""
    cubin = os.path.join(folder, f"{arch}.cubin")
    full = [*command, f"-gencode=arch=compute_{arch},code=sm_{arch}", "-I", include, "-Xptxas=-v", "-cubin"]
    result = subprocess.run([*full, os.fspath(source), "-o", cubin], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{source.name} does not compile for sm_{arch}:\n{result.stdout}{result.stderr}")
    registers = {name: int(count) for name, count in REGISTERS.findall(result.stdout + result.stderr)}
    disassembler = find_nvdisasm(command[0])
    text = subprocess.run([disassembler, "-c", cubin], capture_output=True, text=True, check=True).stdout
    return text, registers


def opcodes(text):
    """A counter of opcodes for each kernel."""
    found, kernel = {}, None
    for line in text.splitlines():
        function = FUNCTION.match(line)
        if function:
            kernel = found.setdefault(function[1], collections.Counter())
        instruction = INSTRUCTION.match(line)
        if instruction and kernel is not None:
            kernel[instruction[1]] += 1
    return {name: counts for name, counts in found.items() if counts}


def shape(name):
    """Branches, channels, slots, history and "yes" if noise is drawn, from a kernel's mangled name."""
    kernel = re.search(r"pointwise_kernelILi(\d+)ELi(\d+)E.*?3rowI[fd]Li(\d+)ELi(\d+)E.*?row_partsE((?:Lb[01]E)*)E", name)
    if not kernel:
        return ("?",) * 5
    flags = re.findall(r"Lb([01])E", kernel[5])
    return (*kernel.groups()[:4], "yes" if len(flags) > 2 and flags[2] == "1" else "no")


def main():
    include, report, separator, *command = sys.argv[1:]
    assert separator == "--", __doc__
    if find_nvdisasm(command[0]) is None:
        print("skipped: there is no nvdisasm")
        return 77
    source = pathlib.Path(__file__).parent / "pointwise.cu"
    stated = re.search(r"^// compositions: (\d+), kernels: (\d+)$", source.read_text(), re.MULTILINE)
    compositions, kernels = (int(count) for count in stated.groups())
    bad, rows = [], []
    with tempfile.TemporaryDirectory() as folder:
        for arch in ARCHITECTURES:
            text, registers = compile_cubin(source, include, command, arch, folder)
            found = opcodes(text)
            if len(found) != kernels:
                bad.append(f"sm_{arch}: expected {compositions} compositions to make {kernels} kernels, found {len(found)}")
            for name, counts in sorted(found.items(), key=lambda item: shape(item[0])):
                branches, channels, slots, history, noise = shape(name)
                wrong = {op: counts[op] for op in FORBIDDEN if counts[op]}
                if not counts["RET"]:  # sm_80 leaves loops by a CALL to the next line, from which nothing returns
                    wrong.pop("CALL", None)
                if wrong:
                    bad.append(f"sm_{arch}: a kernel of {branches} branches, {slots} slots, {history} outputs has {wrong}")
                cells = [f"sm_{arch}", branches, channels, slots, history, noise, registers.get(name, "?"), sum(counts.values())]
                rows.append("| " + " | ".join(str(cell) for cell in cells + [counts[op] for op in COUNTED]) + " |")
    version = re.search(r"V[\d.]+", subprocess.run([command[0], "--version"], capture_output=True, text=True).stdout)[0]
    head = ["architecture", "branches", "channels", "slots", "outputs kept", "noise", "registers", "instructions", *COUNTED]
    lines = ["# Kernels", "",
             "Written by `tests/cuda/machine_code.py`, which also checks that no kernel below calls a subroutine, jumps",
             "through a register or keeps anything in local memory. Pointwise trajectories of a Gaussian mixture with",
             "Philox noise (`tests/cuda/pointwise.cu`); compositions whose rows have one shape share a kernel.", "",
             f"nvcc {version}:", "",
             "| " + " | ".join(head) + " |", "|" + "---|" * len(head), *rows, ""]
    document = "\n".join(lines)
    if os.environ.get("ARDENT_UPDATE"):
        pathlib.Path(report).write_text(document)
    elif f"nvcc {version}:" not in pathlib.Path(report).read_text():
        print(f"{report} was written with another nvcc and is not compared")
    elif pathlib.Path(report).read_text() != document:
        bad.append(f"{report} states something else than is found; ARDENT_UPDATE=1 writes it anew:\n{document}")
    print("\n".join(bad) if bad else f"{len(rows)} kernels are as they should be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
