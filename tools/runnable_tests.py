#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the names of the tests whose program exists: after a failed build, those that can be run all the same.

usage: runnable_tests.py BUILD_FOLDER
"""
import json
import pathlib
import sys

tests = json.loads(pathlib.Path(sys.argv[1], "meson-info/intro-tests.json").read_text(encoding="utf-8"))
print(*(test["name"] for test in tests if pathlib.Path(test["cmd"][0]).exists()))
