# SPDX-License-Identifier: Apache-2.0
"""Compiles and runs every C++ program of the README, as a reader would: README INCLUDE -- COMPILER ARGUMENT..."""

import pathlib
import re
import subprocess
import sys
import tempfile


def main():
    split = sys.argv.index("--")
    readme, include = sys.argv[1:split]
    compiler = sys.argv[split + 1:]
    programs = re.findall(r"```cpp\n(.*?)```", pathlib.Path(readme).read_text(), re.S)
    if len(programs) < 3:
        sys.exit(f"{readme}: expected at least 3 programs, found {len(programs)}")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, program in enumerate(programs, 1):
            source = pathlib.Path(folder, f"program{number}.cpp")
            source.write_text(program)
            binary = source.with_suffix("")
            for command in (
                [*compiler, f"-I{include}", "-O1", str(source), "-pthread", "-o", str(binary)],
                [str(binary)],
            ):
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode != 0:
                    print(f"program {number} of the README: {' '.join(command)}\n{done.stdout}{done.stderr}")
                    failed += 1
                    break
    # hello has to fit a first screen
    lines = [line for line in programs[0].splitlines() if line.strip() and not line.strip().startswith("//")]
    if len(lines) > 15:
        print(f"hello: expected at most 15 lines, found {len(lines)}")
        failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
