#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that mistakes of a user are refused with one error that says what to do.

usage: run.py INCLUDE_FOLDER -- COMPILER [ARGUMENT ...]

Every .cpp beside this script is a case. As it stands it must compile (the control); with ARDENT_BAD defined it must
fail with exactly one error, which matches the regular expression of the case's line `// expect: REGEX`. A case that
only some compilers can see has a line `// compilers: g++ clang++ nvcc` with those that it is for.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ERROR = re.compile(r"^.*?(?:: (?:fatal )?error: |\): (?:catastrophic )?error(?: #\S+)?: )(.*)$", re.MULTILINE)
NO_CODE_NEEDED = ["-fsyntax-only"]


def family(compiler):
    """g++, clang++ or nvcc: what the lines `// compilers:` call a compiler."""
    name = pathlib.Path(compiler).name
    return next((known for known in ("nvcc", "clang++", "g++") if known in name), name)


def compile_case(case, bad, include, command):
    """(exit status, output) of compiling a case."""
    define = ["-DARDENT_BAD"] if bad else []
    if family(command[0]) != "nvcc":
        return run([*command, *NO_CODE_NEEDED, *define, "-I", include, os.fspath(case)])
    # A mistake is refused by the first program that nvcc starts, so -c costs no more. A control that were made an object
    # would take three times as long, for nothing that is looked at here: -ptx, where the front end has read all of it.
    kind = "-c" if bad else "-ptx"
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "case.out")
        return run([*command, *define, "-I", include, "-x", "cu", kind, "-o", output, os.fspath(case)])


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    return result.returncode, result.stdout + result.stderr


def check(case, include, command):
    """What is wrong with a case, in words; None if nothing; "skip" if it is for other compilers."""
    text = case.read_text()
    only = re.search(r"^// compilers: (.*)$", text, re.MULTILINE)
    if only and family(command[0]) not in only[1].split():
        return "skip"
    expected = re.findall(r"^// expect: (.*)$", text, re.MULTILINE)
    if len(expected) != 1:
        return "has no single line `// expect: REGEX`"
    status, output = compile_case(case, False, include, command)
    if status:
        return f"the control does not compile:\n{output}"
    status, output = compile_case(case, True, include, command)
    if status == 0:
        return "the mistake compiles"
    errors = ERROR.findall(output)
    if len(errors) != 1:
        return f"gives {len(errors)} errors instead of one:\n{output}"
    if not re.search(expected[0], errors[0]):
        return f"the error does not match `{expected[0]}`:\n{output}"
    return None


def main():
    include, separator, *command = sys.argv[1:]
    assert separator == "--", __doc__
    cases = sorted(pathlib.Path(__file__).parent.glob("*.cpp"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda case: check(case, include, command), cases))
    bad = 0
    for case, wrong in zip(cases, results):
        if wrong and wrong != "skip":
            print(f"{case.name}: {wrong}\n")
            bad += 1
    ran = len(cases) - results.count("skip")
    print(f"{ran - bad} of {ran} mistakes are refused with the one error they should give")
    return 1 if bad or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
