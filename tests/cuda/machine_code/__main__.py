#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at the machine code of the kernels in the folder above, for every architecture. No GPU is needed.

usage: machine_code INCLUDE_FOLDER REPORT -- NVCC [ARGUMENT ...]

Checks, of each .cu file that states its kernels (declaration.py says how), that it makes that many, that none keeps
anything in local memory, calls a subroutine or jumps through a register, and that step loops have hardly more
instructions of any kind than hand-written ones. REPORT is the document about them; if it was written with this version of nvcc it must be what is
found, and ARDENT_UPDATE=1 in the environment writes it anew. Exits with 77 (skipped) without nvdisasm.
"""
import concurrent.futures
import os
import pathlib
import sys

import build
import expected
import report
import sass
from declaration import Declaration

ARCHITECTURES = ["80", "90", "100", "120"]
LOCAL_MEMORY = ("LDL", "STL")
CALLS = ("CALL", "RET", "BRX", "BRXU", "JMX", "JMXU")
MOST = 1.05  # times the instructions of a hand-written loop, in all and of each kind


def wrong_opcodes(declaration, instructions):
    """The forbidden opcodes of a kernel, counted."""
    counts = sass.opcodes(instructions)
    where = sass.opcodes(sass.step_loop(instructions)) if declaration.calls_outside_loop else counts
    wrong = {op: counts[op] for op in LOCAL_MEMORY if counts[op]} | {op: where[op] for op in CALLS if where[op]}
    if not counts["RET"]:  # sm_80 leaves loops by a CALL to the next line, from which nothing returns
        wrong.pop("CALL", None)
    return wrong


def check_file(declaration, kernels):
    """What is wrong with the kernels of a file."""
    for arch, of_arch in kernels.items():
        if len(of_arch) != declaration.kernels:
            yield f"{declaration.source.name}, sm_{arch}: expected {declaration.kernels} kernels, found {len(of_arch)}"
        if len({declaration.name(mangled) for mangled in of_arch}) != len(of_arch):
            yield f"{declaration.source.name}, sm_{arch}: expected `// name:` lines that tell its kernels apart"
        for mangled, kernel in of_arch.items():
            if kernel.stack:
                yield f"{declaration.source.name}, sm_{arch}: kernel {declaration.name(mangled)} keeps {kernel.stack} " \
                    "bytes in local memory"
            if wrong := wrong_opcodes(declaration, kernel.instructions):
                yield f"{declaration.source.name}, sm_{arch}: kernel {declaration.name(mangled)} has {wrong}"


def pair_loops(declaration, kernels, others):
    """[(name, arch, other loop, this loop)] of kernels that have the same name in both files."""
    other_declaration, other_kernels = others
    for arch in ARCHITECTURES:
        loops = {other_declaration.name(m): sass.step_loop(k.instructions) for m, k in other_kernels[arch].items()}
        own = {declaration.name(m): sass.step_loop(k.instructions) for m, k in kernels[arch].items()}
        if set(own) != set(loops) or not all(own.values()) or not all(loops.values()):
            raise SystemExit(f"{declaration.source.name}, sm_{arch}: expected a step loop in each of {sorted(loops)}, "
                             f"as in {declaration.like}, found {sorted(name for name in own if own[name])}")
        for name in own:
            yield name, arch, loops[name], own[name]


def more_of(loop, by_hand):
    """The kinds of which a loop has more than 5 % more instructions (of a kind of few: more than one more)."""
    kinds = {**report.LOOP_KINDS, "instructions": None}
    for kind, opcodes in kinds.items():
        found, expected = (sum(n for op, n in sass.opcodes(body).items() if opcodes is None or op in opcodes)
                           for body in (loop, by_hand))
        if found > max(MOST * expected, expected + (1 if opcodes else 0)):
            yield kind


def compare(path, version, document):
    """What is wrong with the document that is there."""
    if os.environ.get("ARDENT_UPDATE"):
        path.write_text(document)
    elif f"nvcc {version}:" not in path.read_text():
        print(f"{path} was written with another nvcc and is not compared")
    elif path.read_text() != document:
        yield f"{path} states something else than is found; ARDENT_UPDATE=1 writes it anew:\n{document}"


def shared_memory(compiler, files):
    """{(head, architecture): (bytes of dynamic shared memory, network rows of a tile)} of the kernels of heads."""
    heads = sorted({(declaration.head_of(mangled), arch) for declaration, kernels in files if declaration.head
                    for arch, of_arch in kernels.items() for mangled in of_arch})
    source = pathlib.Path(__file__).parent / "shared_bytes.cpp"
    said = compiler.answers(source, [f"{head} {arch}" for head, arch in heads])
    return {key: tuple(map(int, line.split())) for key, line in zip(heads, said)}


def main():
    include, path, separator, *command = sys.argv[1:]
    assert separator == "--", __doc__
    if build.find_nvdisasm(command[0]) is None:
        print("skipped: there is no nvdisasm")
        return 77
    compiler = build.Compiler(include, command)
    declared = [Declaration(source) for source in sorted(pathlib.Path(__file__).parent.parent.glob("*.cu"))]
    declared = [declaration for declaration in declared if declaration.kernels is not None]
    jobs = [(declaration, arch) for declaration in declared for arch in declaration.architectures or ARCHITECTURES]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        compiled = list(pool.map(lambda job: compiler.kernels(job[0].source, job[1]), jobs))
    files = {declaration.source.name: (declaration, {}) for declaration in declared}
    for (declaration, arch), kernels in zip(jobs, compiled):
        files[declaration.source.name][1][arch] = kernels
    bad, sections, total = [], [], 0
    memory = shared_memory(compiler, files.values())
    for declaration, kernels in files.values():
        bad += check_file(declaration, kernels)
        sections.append(report.section(declaration, kernels, memory))
        total += sum(len(of_arch) for of_arch in kernels.values())
    for declaration, kernels in files.values():
        if not declaration.like:
            continue
        pairs = sorted(pair_loops(declaration, kernels, files[declaration.like]), key=lambda pair: pair[0])
        sections.append(report.loops_section(declaration, pairs))
        bad += [f"sm_{arch}: the step loop of {name} has more {', '.join(kinds)} than the one by hand: "
                + report.difference(sass.opcodes(other), sass.opcodes(loop))
                for name, arch, other, loop in pairs if (kinds := list(more_of(loop, other)))]
    sections.append(expected.section())
    bad += compare(pathlib.Path(path), compiler.version, report.document(compiler.version, sections))
    print("\n".join(bad) if bad else f"{total} kernels of {len(declared)} files are as they should be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
