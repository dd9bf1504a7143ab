# SPDX-License-Identifier: Apache-2.0
"""Machine code as nvdisasm prints it: the instructions of each kernel, and its loops.

usage: kernels(text) -> {mangled name: [Instruction]};  step_loop(instructions) -> [Instruction]
"""
import collections
import dataclasses
import re

# What multiplies and adds: the loop over the steps is the outermost one that does.
ARITHMETIC = ("FFMA", "FMUL", "FADD", "FFMA2", "DFMA", "DMUL", "DADD", "HMMA", "QMMA", "OMMA", "HGMMA", "QGMMA",
              "UTCHMMA")

FUNCTION = re.compile(r"^\.text\.(\S+):$")
LABEL = re.compile(r"^(\.L_x_\d+):$")
INSTRUCTION = re.compile(r"^\s+/\*([0-9a-f]+)\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_]*)(.*);")
TARGET = re.compile(r"`\((\.L_x_\d+)\)")
SECTION = re.compile(r"^\s+\.section\s+\.(\w+)")


@dataclasses.dataclass
class Instruction:
    """One machine instruction. `target` is the address that it may jump to, or None."""
    address: int
    opcode: str
    operands: str
    target: int | None = None


def kernels(text):
    """The instructions of each kernel, in the order of their addresses, without the padding at the end."""
    found, labels, code, name, pending = {}, {}, None, None, []
    for line in text.splitlines():
        if SECTION.match(line):
            code = None
        elif function := FUNCTION.match(line):
            name, code, pending = function[1], found.setdefault(function[1], []), []
        elif code is None:
            continue
        elif label := LABEL.match(line):
            pending.append(label[1])
        elif instruction := INSTRUCTION.match(line):
            address = int(instruction[1], 16)
            labels.update({(name, label): address for label in pending})
            pending = []
            code.append(Instruction(address, instruction[2], instruction[3]))
    for name, code in found.items():
        for instruction in code:
            target = TARGET.search(instruction.operands)
            instruction.target = labels.get((name, target[1])) if target else None
        while code and code[-1].opcode == "NOP":
            code.pop()
    return found


def opcodes(instructions):
    """How often each opcode occurs."""
    return collections.Counter(instruction.opcode for instruction in instructions)


def loops(instructions):
    """The bodies of loops: what stands between the target of a jump backward and the jump. Outer loops come first.

    A jump to itself is no loop: it stands behind the last EXIT, where nothing arrives.
    """
    spans = {}
    for instruction in instructions:
        if instruction.target is not None and instruction.target < instruction.address:
            spans[instruction.target] = max(spans.get(instruction.target, 0), instruction.address)
    ordered = sorted(spans.items(), key=lambda span: span[0] - span[1])
    return [[i for i in instructions if first <= i.address <= last] for first, last in ordered]


def step_loop(instructions):
    """The loop over the denoising steps: the longest one with arithmetic in it. Empty if there is none."""
    return next((body for body in loops(instructions) if any(i.opcode in ARITHMETIC for i in body)), [])
