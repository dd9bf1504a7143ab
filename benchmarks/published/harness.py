# SPDX-License-Identifier: Apache-2.0
"""What the comparisons with PyTorch share: talking to a program of ours, taking turns, and tables in Markdown."""
import datetime
import json
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAMS = ROOT / "build/bench/benchmarks"
# PyTorch's threads go on spinning for a while after their work; without a pause they would take the next run's cores.
PAUSE = 0.3


class Program:
    """A program that answers a line of words with a line of JSON (see serve.hpp)."""

    def __init__(self, *command):
        self.name = pathlib.Path(command[0]).name
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.about = self._read()

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        return self._read()

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with status {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            sys.exit(f"{self.name}: {answer['error']}")
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def timed(run):
    """Seconds that run() takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def alternate(arms, rounds):
    """{name: measurements}: each arm's measurement once a round, the arms in turn."""
    found = {name: [] for name in arms}
    for number in range(rounds):
        for name, measure in arms.items():
            time.sleep(PAUSE)
            found[name].append(measure())
        progress(f"round {number + 1} of {rounds}")
    return found


def median(values):
    return statistics.median(values)


def spread(values):
    """Half of what lies between the quarter and the three quarters, in percent of the median."""
    if len(values) < 3:
        return 0.0
    quarters = statistics.quantiles(values, n=4, method="inclusive")
    return 50 * (quarters[2] - quarters[0]) / median(values)


def progress(text):
    """Beside the results, which alone go to the standard output."""
    print(f"   {text}", file=sys.stderr, flush=True)


def table(heads, rows):
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def machine():
    """The processor, in its maker's words."""
    try:
        found = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def commit():
    said = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


def last_level_cache():
    """Bytes of the largest cache that Linux lists; 0 where it lists none."""
    units = {"K": 1 << 10, "M": 1 << 20}
    sizes = [path.read_text().strip() for path in pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("*/size")]
    return max((int(size[:-1]) * units[size[-1]] for size in sizes if size[-1] in units), default=0)


def heading(torch_version, threads, more=""):
    """What stands before a run's tables."""
    return (f"## {datetime.date.today().isoformat()}, {machine()}, {threads} threads{more}\n\n"
            f"Commit {commit()}, PyTorch {torch_version}.\n")
