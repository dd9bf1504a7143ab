#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kernel code that only a GPU can run: the table in docs/cuda.md.

usage: device_only.py                 prints the table
       device_only.py --check FILE    compares the table in FILE with it, and the share with its limit
       device_only.py --write FILE    puts it there
       device_only.py --lines         prints each of the lines, with its place

Kernel code is all lines of the BODIES, which hold nothing else, and the functions of LAUNCHES that are marked
ARDENT_INLINE, ARDENT_HD, __device__ or __global__. Of it, the host's checked model cannot run
  - functions of the device alone: marked __device__ without __host__, or __global__, which are the kernels' entries;
  - what `#if defined(__CUDA_ARCH__)` selects in the others.
Lines without code, and those of the preprocessor, are not counted. A file with such code that neither list has fails the
check.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MOST = 0.05  # of the kernel code

BODIES = """
include/ardent/batched_step.hpp
include/ardent/denoiser/gaussian_mixture.hpp
include/ardent/denoiser/pointwise.hpp
include/ardent/denoiser/tiled_adaln_mlp.hpp
include/ardent/detail/aligned_access.hpp
include/ardent/detail/dense_bodies.hpp
include/ardent/detail/float_math.hpp
include/ardent/detail/nonfinite.hpp
include/ardent/detail/octet.hpp
include/ardent/detail/ordering_bodies.hpp
include/ardent/detail/quad.hpp
include/ardent/detail/tile_turns.hpp
include/ardent/detail/tiled_activations.hpp
include/ardent/detail/tiled_memory.hpp
include/ardent/detail/tiled_norm.hpp
include/ardent/float16.hpp
include/ardent/float8.hpp
include/ardent/group/cuda.hpp
include/ardent/group/group.hpp
include/ardent/pointwise_trajectory.hpp
include/ardent/random/philox.hpp
include/ardent/tile/format.hpp
include/ardent/tile/fragment.hpp
include/ardent/tile/matrix.hpp
include/ardent/tile/product.hpp
include/ardent/trajectory.hpp
examples/mar/gpu/kernels.hpp
""".split()
LAUNCHES = """
include/ardent/cuda/batched.hpp
include/ardent/cuda/detail/ordering_kernels.hpp
include/ardent/cuda/head_kernel.hpp
include/ardent/cuda/head_products.hpp
include/ardent/cuda/pointwise.hpp
include/ardent/denoiser/adaln_shape.hpp
include/ardent/denoiser/denoiser.hpp
include/ardent/denoiser/tiled_adaln_layout.hpp
include/ardent/packed_matrix.hpp
examples/common/network/transformer_math.hpp
examples/mar/gpu/network.cu
""".split()
# Selected by __CUDA_ARCH__, and in no kernel: `real` makes tables.
ELSEWHERE = {"include/ardent/config.hpp", "include/ardent/detail/real.hpp"}

TABLE = re.compile(r"^\| file \| lines of kernel code .*\n(\|.*\n)+", re.MULTILINE)
MARK = re.compile(r"\b(ARDENT_INLINE|ARDENT_HD|__device__|__global__)(?!\w)")
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)
DEVICE = re.compile(r"#\s*if\s+defined\(__CUDA_ARCH__\)\s*$")


def blank(match):
    """Comments and strings without what could be taken for code; a string still counts as some."""
    text = match[0]
    return re.sub(r"[^\n]", " ", text) if text.startswith("/") else '"' + " " * (len(text) - 2) + '"'


def end_of(text, start):
    """Where the function ends whose mark begins at `start`: at its body's last brace, or at the ; of a declaration."""
    depth, previous = 0, ""
    for match in re.finditer(r"[(){}\[\];]|\w+|[^\s\w]", text[start:]):
        token = match[0]
        if token in "([{":
            # braces that initialise stand behind a name or >; a body's do not, but for the words of a function's type
            if token == "{" and depth == 0 and not ((previous.isidentifier() or previous == ">") and
                                                    previous not in ("const", "noexcept", "override", "requires")):
                return start + match.start() + body_length(text[start + match.start():])
            depth += 1
        elif token in ")]}":
            depth -= 1
        elif token == ";" and depth == 0:
            return start + match.end()
        previous = token
    raise SystemExit("device_only.py: a function has no end")


def body_length(text):
    """Up to and with the brace that closes the first."""
    depth = 0
    for match in re.finditer(r"[{}]", text):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.end()
    raise SystemExit("device_only.py: a body has no end")


def functions(text):
    """(first line, last line, of the device alone) of the outermost marked functions, lines from 0."""
    end = 0
    for match in MARK.finditer(text):
        if match.start() < end:
            continue
        end = end_of(text, match.start())
        head = text[text.rfind("\n", 0, match.start()) + 1:end].split("{")[0]
        alone = "__global__" in head or ("__device__" in head and "__host__" not in head)
        yield text.count("\n", 0, match.start()), text.count("\n", 0, end), alone


def selected(lines):
    """The lines that __CUDA_ARCH__ selects."""
    found, nested = set(), []
    for i, line in enumerate(lines):
        directive = line.lstrip()
        if re.match(r"#\s*if", directive):
            nested.append(bool(DEVICE.match(directive)))
        elif re.match(r"#\s*(else|elif)", directive):
            nested[-1] = False
        elif re.match(r"#\s*endif", directive):
            nested.pop()
        elif any(nested):
            found.add(i)
    return found


def count(path):
    """(lines of kernel code, {line of these that only a device runs: why}) of a file."""
    text = NOT_CODE.sub(blank, path.read_text())
    text = re.sub(r"^(\s*#[^\n]*\\)\n[^\n]*$", r"\1\n", text, flags=re.MULTILINE)
    lines = text.split("\n")
    bare = "\n".join(re.sub(r"^\s*#.*", "", line) for line in lines)
    code = {i for i, line in enumerate(bare.split("\n")) if line.strip()}
    name = path.relative_to(ROOT).as_posix()
    of_functions, only = set(), {i: "__CUDA_ARCH__" for i in selected(lines) & code}
    for first, last, alone in functions(bare):
        here = code & set(range(first, last + 1))
        of_functions |= here
        if alone:
            only |= dict.fromkeys(here, "the device's alone")
    return len(of_functions if name in LAUNCHES else code), only


def unnamed():
    """Files with code for a device alone that neither list has."""
    for folder in ("include", "examples/mar"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in (".hpp", ".cpp", ".cu", ".cuh") and name not in {*BODIES, *LAUNCHES, *ELSEWHERE}:
                if re.search(r"__device__|__global__|__CUDA_ARCH__", NOT_CODE.sub(blank, path.read_text())):
                    yield name


def table():
    """Its lines, and the share."""
    rows, kernel, alone = [], 0, 0
    for name in sorted([*BODIES, *LAUNCHES]):
        lines, only = count(ROOT / name)
        kernel, alone = kernel + lines, alone + len(only)
        if only:
            selects = sum(why == "__CUDA_ARCH__" for why in only.values())
            rows.append(f"| `{name}` | {lines} | {len(only) - selects or '-'} | {selects or '-'} |")
    head = ["| file | lines of kernel code | functions of the device | selected by `__CUDA_ARCH__` |", "|---|---|---|---|"]
    last = f"| all {len(BODIES) + len(LAUNCHES)} files | {kernel} | {alone} together: {100 * alone / kernel:.1f} % | |"
    return [*head, *rows, last], alone / kernel


def main():
    lines, share = table()
    if sys.argv[1:] == ["--lines"]:
        for name in sorted([*BODIES, *LAUNCHES]):
            text = (ROOT / name).read_text().split("\n")
            for i, why in sorted(count(ROOT / name)[1].items()):
                print(f"{name}:{i + 1}: {text[i].strip()}    [{why}]")
        return 0
    if len(sys.argv) == 3 and sys.argv[1] == "--write":
        path = pathlib.Path(sys.argv[2])
        text, count_of = TABLE.subn("\n".join(lines) + "\n", path.read_text())
        path.write_text(text)
        return 0 if count_of == 1 else sys.exit(f"{path}: expected one table that begins as this one, found {count_of}")
    if len(sys.argv) != 3 or sys.argv[1] != "--check":
        print("\n".join(lines))
        return 0
    bad = [f"{name}: has code for a device; name it in a list of tools/device_only.py" for name in unnamed()]
    if "\n".join(lines) not in pathlib.Path(sys.argv[2]).read_text():
        bad.append(f"{sys.argv[2]}: expected this table, which tools/device_only.py prints, found another:\n"
                   + "\n".join(lines))
    if share > MOST:
        bad.append(f"expected at most {100 * MOST:g} % of the kernel code to be the device's alone, found "
                   f"{100 * share:.2f} %")
    print("\n".join(bad) if bad else f"{100 * share:.1f} % of the kernel code is the device's alone")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
