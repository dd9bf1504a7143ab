#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That host and device agree on where the members of a kernel's arguments are: the sizes of argument_layout.cu's
arguments as PTX declares them are what `sizeof` says, but for one that is known to be wrong. No GPU is needed.

usage: argument_layout.py INCLUDE_FOLDER -- NVCC [ARGUMENT ...]
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

KERNEL = re.compile(r"\.entry (\S+?)\((.*?)\)\s*\{(.*?)\n\}", re.DOTALL)


def main():
    include, separator, *command = sys.argv[1:]
    assert separator == "--", __doc__
    command = [word for word in command if not word.startswith("-gencode")]
    source = pathlib.Path(__file__).parent / "argument_layout.cu"
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "argument_layout.ptx")
        built = subprocess.run([*command, "-arch=compute_90", "-I", include, "-ptx", os.fspath(source), "-o", output],
                               capture_output=True, text=True)
        if built.returncode:
            sys.exit(f"{source.name} does not compile:\n{built.stdout}{built.stderr}")
        text = pathlib.Path(output).read_text()
    wrong, right = [], 0
    for name, parameters, body in KERNEL.findall(text):
        declared = int(re.search(r"_param_0\[(\d+)\]", parameters)[1])
        meant = int(re.search(r"mov\.[bu]64\s+%rd\d+, (\d+);", body)[1])
        if "control" in name:
            print(f"the known mistake is {'still' if declared != meant else 'no longer'} made")
        elif declared != meant:
            wrong.append(f"{name}: expected an argument of {meant} bytes, found {declared}")
        else:
            right += 1
    if right + len(wrong) != 7:
        wrong.append(f"expected 7 arguments, found {right + len(wrong)}")
    print("\n".join(wrong) if wrong else f"{right} arguments have the sizes that they should have")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
