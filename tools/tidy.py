#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy, with the checks of .clang-tidy, over the public headers and the examples' C++ sources.

usage: tidy.py [--jobs N] [FILE ...]     (files of examples/; default: all of them, and the headers)

Most of clang-tidy's time goes into headers that every source includes, so sources of one folder whose names do not
clash are read as one translation unit. Where they clash all the same, each is read alone. Left out are what CCCL,
nvcc or PyTorch has to be there for: headers of those names, *.cu and examples/torch. Status 1 if anything is found.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-fopenmp", f"-I{ROOT / 'include'}", f"-I{ROOT / 'examples'}",
         "-isystem/usr/include/minizip", "-isystem/usr/include/stb"]
MOST_SOURCES = 12  # of one translation unit: more would leave a core idle at the end
# A line at the left margin that may give a name to something: the name comes before a bracket, a value or an end.
NAMES = re.compile(r"^(?=[\w\[])(?!namespace\b|using namespace\b)[^\n(={;]*?(\w+)\s*[({=;]", re.M)
# clang-tidy's own count of what it has left out, on each run
CHATTER = re.compile(r"^(\d+ warnings? (and \d+ errors? )?generated|Suppressed |Use -header-filter)")


def headers():
    """Public headers that a host compiler takes, as they are included."""
    found = sorted((ROOT / "include").rglob("*.hpp"))
    named = {path: path.relative_to(ROOT).as_posix() for path in found}
    return [path for path, name in named.items() if "cuda" not in name and "thrust" not in name]


def sources():
    """The examples' sources that need nothing but the libraries that the examples stand on."""
    return [path for path in sorted((ROOT / "examples").rglob("*.cpp")) if "torch" not in path.parts]


def groups(paths):
    """Sources that can be read together: of one folder, with no name at the left margin in common."""
    made = []
    for path in paths:
        names = set(NAMES.findall(path.read_text(encoding="utf-8")))
        for folder, members, taken in made:
            if folder == path.parent and len(members) < MOST_SOURCES and not taken & names:
                members.append(path)
                taken |= names
                break
        else:
            made.append((path.parent, [path], names))
    return [members for _, members, _ in made]


def tidy(paths, scratch):
    """What clang-tidy says of one translation unit that includes these files."""
    unit = pathlib.Path(scratch, "_".join(paths[0].relative_to(ROOT).with_suffix("").parts) + ".cpp")
    unit.write_text("".join(f'#include "{path}"\n' for path in paths), encoding="utf-8")
    # a unit includes sources on purpose
    command = ["clang-tidy-19", f"--config-file={ROOT / '.clang-tidy'}", "--checks=-bugprone-suspicious-include", "--quiet",
               str(unit), "--"]
    done = subprocess.run([*command, *FLAGS], capture_output=True, text=True)
    if "[clang-diagnostic-error]" in done.stdout and len(paths) > 1:
        return "".join(tidy([path], scratch) for path in paths)
    said = done.stdout if done.stdout.strip() or done.returncode == 0 else done.stderr
    return "".join(line for line in said.splitlines(keepends=True) if not CHATTER.match(line))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*", type=pathlib.Path, metavar="FILE")
    given = parser.parse_args()
    known = sources()
    wanted = [path.resolve() for path in given.files] or known
    if strange := [str(path) for path in wanted if path not in known]:
        sys.exit(f"tidy: expected C++ sources of examples/ outside torch/, found {', '.join(strange)}")
    units = groups(wanted) if given.files else [headers(), *groups(wanted)]
    started, found = time.monotonic(), set()
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        for said in pool.map(lambda unit: tidy(unit, scratch), units):
            # a header is read by many units: each thing is said once
            for finding in re.split(r"(?m)^(?=\S+:\d+:\d+: (?:warning|error):)", said):
                if finding.strip() and finding not in found:
                    found.add(finding)
                    print(finding.replace(f"{ROOT}/", "").rstrip(), flush=True)
    print(f"tidy: {len(found)} findings in {len(units)} units of {sum(map(len, units))} files, "
          f"{time.monotonic() - started:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
