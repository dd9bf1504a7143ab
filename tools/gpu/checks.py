# SPDX-License-Identifier: Apache-2.0
"""Runs the GPU's tests, alone and under compute-sanitizer.

usage: run_all({name: path}, deadline, tool, path_of_tool) -> [Outcome ...]
"""
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import time

DATA = pathlib.Path(__file__).resolve().parent.parent.parent / "tests/data"
TOOLS = ("memcheck", "racecheck", "synccheck")
SENTENCE = re.compile(r"skipped: [^\n]+\n")
AT_ONCE = 4  # processes that share the card
# Where the tool cannot look into the device at all, which says nothing of the program.
REFUSED = re.compile(r"Device not supported|Unable to find injection library|not compatible with this driver")


@dataclasses.dataclass
class Outcome:
    """What became of a program."""
    name: str
    tool: str | None
    result: str  # passed, failed or skipped
    seconds: float
    text: str
    skipped_cases: int = 0

    def fields(self):
        """As a line of results."""
        return {"kind": "test", "name": self.name, "tool": self.tool, "result": self.result,
                "seconds": round(self.seconds, 1), "skipped_cases": self.skipped_cases}


def sanitizer(toolkit):
    """compute-sanitizer on the path or in the toolkit; None if nowhere."""
    beside = [toolkit / "bin/compute-sanitizer", toolkit / "compute-sanitizer/compute-sanitizer"]
    return shutil.which("compute-sanitizer") or next((str(path) for path in beside if path.is_file()), None)


def run_one(name, command, tool, deadline):
    """One program. It fails if it is not done in time; under a tool, which makes it slower by no known factor, it then
    counts as skipped."""
    started = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=max(deadline - started, 1),
                              env={**os.environ, "ARDENT_TEST_DATA": os.fspath(DATA)})
    except subprocess.TimeoutExpired as stopped:
        text = (stopped.stdout or b"").decode(errors="replace")
        return Outcome(name, tool, "skipped" if tool else "failed", time.monotonic() - started,
                       f"{text}\nstopped: it took too long\n")
    text = done.stdout + done.stderr
    if done.returncode == 77 or (tool and REFUSED.search(text)):
        result = "skipped"
    else:
        result = "passed" if done.returncode == 0 else "failed"
    cases = re.search(r"\[ardent\] skipped: (\d+)", text)
    return Outcome(name, tool, result, time.monotonic() - started, text, int(cases[1]) if cases else 0)


def run_all(paths, deadline, tool=None, path_of_tool=None):
    """Several programs at once. paths: {name: path}."""
    def command(path):
        if tool is None:
            return [str(path)]
        return [path_of_tool, "--tool", tool, "--error-exitcode", "1", str(path), "--test-suite-exclude=large"]

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda item: run_one(item[0], command(item[1]), tool, deadline), paths.items()))
