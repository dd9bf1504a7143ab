#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs the project in this folder as a stranger would have it: ardent copied into its subprojects/.

usage: run.py ROOT MESON... -- COMPILER...
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def run(command, **more):
    result = subprocess.run(command, capture_output=True, text=True, **more)
    if result.returncode:
        print(f"{' '.join(map(str, command))} ended with status {result.returncode}:\n{result.stdout}{result.stderr}")
        sys.exit(1)
    return result.stdout


def copy_library(root, target):
    """The files that a clone would have, new ones included; all but the build folders where there is no git."""
    try:
        listing = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        shutil.copytree(root, target, ignore=shutil.ignore_patterns(".git", ".venv", "build", "build-*"))
        return
    for name in filter(None, names):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, target / name)


def main():
    separator = sys.argv.index("--")
    root, meson = pathlib.Path(sys.argv[1]), sys.argv[2:separator]
    with tempfile.TemporaryDirectory() as folder:
        project, build = pathlib.Path(folder, "project"), pathlib.Path(folder, "build")
        shutil.copytree(HERE, project, ignore=shutil.ignore_patterns("run.py"))
        copy_library(root, project / "subprojects" / "ardent")

        # The flags of this checkout's own configuration must not reach the stranger's.
        environment = {name: value for name, value in os.environ.items() if not name.endswith("FLAGS")}
        environment["CXX"] = " ".join(sys.argv[separator + 1 :])
        run([*meson, "setup", build, project], env=environment)
        run([*meson, "compile", "-C", build], env=environment)
        targets = {target["name"] for target in json.loads(run([*meson, "introspect", "--targets", build]))}
        expected = {"left", "right", "consumer"}
        if targets != expected:
            print(f"expected only the targets {sorted(expected)}, found {sorted(targets)}")
            sys.exit(1)
        print(run([build / "consumer"]), end="")


if __name__ == "__main__":
    main()
