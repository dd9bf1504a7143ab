# SPDX-License-Identifier: Apache-2.0
"""The document about the kernels.

usage: section(declaration, kernels, memory) -> lines;  loops_section(declaration, pairs) -> lines;  document(version, sections)
"""
import occupancy
import sass

INTRODUCTION = """# Kernels

Written by `tests/cuda/machine_code`, with ARDENT_UPDATE=1 in the environment of the test `cuda_machine_code`, which
otherwise compares. It also checks that these kernels keep nothing in local memory and neither call subroutines nor
jump through registers (where a file says so, in the step loop only).

- *shared*: bytes of shared memory a block, as the library asks for it on a card of 108 multiprocessors (sm_80), 132
  (sm_90), 148 (sm_100) or 170 (sm_120); with the most network rows that fit, where these are fewer than the regime's
  most, or none where no token fits. *resident*: threads that an SM holds at once, by registers, shared memory and
  threads a block; all it could hold is 2048 on sm_80, sm_90 and sm_100, and 1536 on sm_120.
- *instructions*: of the whole kernel. Of the *loop* over the denoising steps: its instructions, FLOPs (a multiply-add
  counts twice; none is stated where there are loops within), accesses of global memory and barriers, per thread and
  step. A step of N one-thread tokens takes at least N * instructions / (128 * SMs) clocks, as an SM issues to 128
  lanes.
- Then instructions of the whole kernel by kind."""

KINDS = {
    "float": ("FFMA", "FMUL", "FADD", "UFFMA", "UFMUL", "UFADD", "FFMA2", "FMUL2", "FADD2"),
    "double": ("DFMA", "DMUL", "DADD"),
    "MUFU": ("MUFU",),
    "integer": ("IMAD", "IADD3", "LOP3", "SHF", "LEA", "IADD", "UIADD3", "UIMAD", "ULOP3", "USHF", "ULEA"),
    "tensor": ("HMMA", "QMMA", "OMMA", "IMMA", "HGMMA", "QGMMA", "UTCHMMA", "UTCQMMA"),
    "global": ("LDG", "STG", "LD", "ST", "LDGSTS", "ATOMG", "RED", "REDG", "ATOM"),
    "shared memory": ("LDS", "STS", "LDSM", "STSM", "ATOMS"),
    "shuffle": ("SHFL", "REDUX"),
    "barrier": ("BAR", "BARRIER", "MEMBAR"),
    "branch": ("BRA", "BRX", "JMP", "CALL"),
}
# Of step loops beside hand-written ones: what all instructions are, but that one may stand for another of its kind.
LOOP_KINDS = {
    "float": KINDS["float"] + KINDS["double"],
    "MUFU": KINDS["MUFU"],
    "integer": KINDS["integer"] + ("IABS", "IMNMX", "ISETP", "UISETP", "I2F", "I2FP", "F2I", "SEL", "USEL", "PRMT"),
    "memory": KINDS["global"] + KINDS["shared memory"] + ("LDC", "ULDC", "LDCU"),
    "branch": KINDS["branch"],
}
FLOPS = {"FFMA": 2, "UFFMA": 2, "FFMA2": 4, "FMUL2": 2, "FADD2": 2, "DFMA": 2}  # of other float and double ones: 1
FIXED = ["kernel", "architecture", "registers", "shared", "resident", "instructions", "loop", "loop FLOPs",
         "loop global", "loop barriers"]


def table(head, rows):
    """A table in Markdown."""
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows), ""]


def count(counts, kind):
    """How many instructions are of a kind."""
    return sum(counts[opcode] for opcode in KINDS[kind])


def flops(body):
    """Of a loop without loops within, if it has no tensor products."""
    counts = sass.opcodes(body)
    if len(sass.loops(body)) > 1 or count(counts, "tensor"):
        return "-"
    return sum(counts[opcode] * FLOPS.get(opcode, 1) for opcode in KINDS["float"] + KINDS["double"])


def section(declaration, kernels, memory):
    """A file's kernels. `kernels` is {architecture: {mangled name: Kernel}}, `memory` of heads is as in __main__."""
    counts = {(arch, name): sass.opcodes(kernel.instructions)
              for arch, of_arch in kernels.items() for name, kernel in of_arch.items()}
    kinds = [kind for kind in KINDS if any(count(c, kind) for c in counts.values())]
    rows, last = [], None
    order = {arch: place for place, arch in enumerate(kernels)}
    for arch, mangled in sorted(counts, key=lambda key: (declaration.name(key[1]), order[key[0]])):
        kernel, name = kernels[arch][mangled], declaration.name(mangled)
        shared, resident = kernel.shared, "?"
        dynamic, fitting, most = memory[declaration.head_of(mangled), arch] if declaration.head else (0, 1, 1)
        if kernel.threads and fitting:
            resident = occupancy.resident_threads(arch, kernel.threads, kernel.registers, shared + dynamic)
        shown = f"{shared + dynamic}" + (f" ({fitting} rows)" if fitting < most else "")
        if not fitting:
            shown = resident = "none"
        loop = sass.step_loop(kernel.instructions)
        of_loop = sass.opcodes(loop)
        rows.append([name if name != last else "", f"sm_{arch}", kernel.registers, shown, resident,
                     len(kernel.instructions), len(loop), flops(loop), count(of_loop, "global"),
                     count(of_loop, "barrier"), *(count(counts[arch, mangled], kind) for kind in kinds)])
        last = name
    made = f"{declaration.compositions} compositions make" if declaration.compositions else "There are"
    return [f"## {declaration.title}", "",
            f"`tests/cuda/{declaration.source.name}`. {made} {declaration.kernels} kernels.", "", *table(FIXED + kinds, rows)]


def difference(by_hand, composed):
    """The two histograms of opcodes, where they differ."""
    more, fewer = composed - by_hand, by_hand - composed
    changes = [f"+{n} {opcode}" for opcode, n in sorted(more.items())]
    changes += [f"-{n} {opcode}" for opcode, n in sorted(fewer.items())]
    return ", ".join(changes) or "none"


def loops_section(declaration, pairs):
    """Step loops beside others. `pairs` is [(name, arch, other loop, this loop)]."""
    rows = [[name, f"sm_{arch}", len(other), len(loop), f"{len(loop) / len(other):.3f}",
             difference(sass.opcodes(other), sass.opcodes(loop))] for name, arch, other, loop in pairs]
    return [f"## Step loops of `{declaration.source.name}` beside `{declaration.like}`", "",
            "Instructions of the loop over the denoising steps. A ratio above 1.05 fails the test, and so does one of float",
            "or integer arithmetic, special functions, memory or branches alone (or two more of a kind, if that is more).", "",
            *table(["solver", "architecture", "by hand", "composed", "ratio", "difference by opcode"], rows)]


def document(version, sections):
    """All of it. Its version line says whether a later run may be compared with it."""
    return "\n".join([INTRODUCTION, "", f"nvcc {version}:", "", *(line for section in sections for line in section)])
