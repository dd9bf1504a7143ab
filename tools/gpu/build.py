# SPDX-License-Identifier: Apache-2.0
"""The GPU's programs, built by plain nvcc calls side by side.

usage: Toolchain(root, nvcc, architecture, out).build(programs(root)) -> {program: why it could not be built}

A source may say in its first comment what it needs beyond the tree's headers, in as many lines as it takes:
    // sources: examples/mar/backbone.cpp ...     other sources to compile and link, from the root
    // shared: tests/consumer/cuda/left.cu ...    sources of which each becomes a shared object beside the program
    // libraries: cublasLt ...                    libraries to link
    // headers: nlohmann/json.hpp ...             headers that a bare machine may lack: then it is skipped
    // variant                                    it differs from another file in a number only: CI leaves it out
    // own main                                   a test whose sources have a main function, in place of doctest's
"""
import concurrent.futures
import dataclasses
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zlib

FLAGS = ["-std=c++20", "--Werror=all-warnings", "-diag-suppress=177"]
DIRECTIVE = re.compile(r"^// (sources|shared|libraries|headers): (.+)$", re.MULTILINE)
PIC = "-Xcompiler=-fPIC"
TEST_SOURCES = ["tests/gpu/main.cpp", "tests/support/environment.cpp"]


@dataclasses.dataclass(frozen=True)
class Program:
    """A program of one source and what it needs."""
    name: str
    kind: str  # test or benchmark
    sources: tuple
    shared: tuple
    libraries: tuple
    headers: tuple
    variant: bool


def programs(root):
    """All that tests/gpu and benchmarks/gpu hold."""
    found = []
    for kind, folder in (("test", "tests/gpu"), ("benchmark", "benchmarks/gpu")):
        for path in sorted((root / folder).glob("*.cu")):
            comment = re.match(r"(//.*\n)*", path.read_text())[0]
            needs = {}
            for key, words in DIRECTIVE.findall(comment):
                needs[key] = (*needs.get(key, ()), *words.split())
            more = TEST_SOURCES if kind == "test" and "\n// own main\n" not in comment else []
            found.append(Program(
                path.stem, kind, (f"{folder}/{path.name}", *needs.get("sources", ()), *more), needs.get("shared", ()),
                needs.get("libraries", ()), needs.get("headers", ()), "\n// variant\n" in comment))
    return found


def find_nvcc():
    """nvcc on the path, or in the folder that CUDA_HOME names, or in the usual one; None if nowhere."""
    usual = [os.path.join(folder, "bin/nvcc") for folder in (os.environ.get("CUDA_HOME"), "/usr/local/cuda") if folder]
    return shutil.which("nvcc") or next((path for path in usual if os.access(path, os.X_OK)), None)


def wheels():
    """Folders of NVIDIA's libraries as PyPI has them, which come with PyTorch."""
    return [folder for path in sys.path for folder in glob.glob(os.path.join(path, "nvidia/*"))]


def objects_of(root, folder):
    """{source, from the root: its object} of the examples' sources that a build folder has."""
    folder, found = pathlib.Path(folder), {}
    for entry in json.loads((folder / "compile_commands.json").read_text()):
        source = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
        target = pathlib.Path(entry["directory"], entry["output"].strip())
        if source.startswith("examples" + os.sep) and target.is_file():
            found.setdefault(source, target)
    return found


class Toolchain:
    """Finds headers and libraries, and compiles.

    root          the checkout
    architecture  10 times the card's compute capability, such as 90
    out           folder for objects and programs
    optimised     the host's code too; else neither that nor the device's, for programs that are only built
    compiled      a build folder of Meson's: of what it has compiled already the objects are linked
    """

    def __init__(self, root, nvcc, architecture, out, optimised=True, compiled=None):
        self.root, self.nvcc, self.out = root, nvcc, pathlib.Path(out)
        self.objects = objects_of(root, compiled) if compiled else {}
        self.flags = [*FLAGS, f"-gencode=arch=compute_{architecture},code=sm_{architecture}"]
        self.flags.append("-O2" if optimised else "-Ofc=max")
        for folder in ("include", "tests", "examples"):
            self.flags += ["-I", os.fspath(root / folder)]
        self.toolkit = pathlib.Path(os.path.realpath(nvcc)).parent.parent
        self.libraries = [self.toolkit / "lib64", *(pathlib.Path(folder, "lib") for folder in wheels())]
        self.places = [
            *filter(None, [os.environ.get("DOCTEST_INCLUDE")]), os.fspath(root / ".venv/include"),
            *sorted(glob.glob(os.fspath(root / "subprojects/*"))),
            *sorted(glob.glob(os.fspath(root / "subprojects/*/include"))), os.path.join(sys.prefix, "include"),
            "/usr/local/include", "/usr/include",
            *(os.path.join(folder, "include") for folder in wheels()),
        ]

    def folder_of(self, header):
        """The first place that has a header; None if there is none."""
        own = self.toolkit / "include"
        if (own / header).is_file():
            return os.fspath(own)
        return next((place for place in self.places if os.path.isfile(os.path.join(place, header))), None)

    def _includes(self, program):
        headers = [*program.headers, *(["doctest/doctest.h"] if program.kind == "test" else [])]
        folders = {self.folder_of(header) for header in headers} - {"/usr/include", "/usr/local/include"}
        folders.discard(os.fspath(self.toolkit / "include"))
        return [word for folder in sorted(folders) for word in ("-isystem", folder)]

    def _links(self, program):
        """How a library is linked: from the toolkit, or a wheel, which has only the versioned name."""
        words = []
        for name in program.libraries:
            for folder in self.libraries:
                if (folder / f"lib{name}.so").exists():
                    words += ["-L", os.fspath(folder), f"-l{name}", "-Xlinker", f"-rpath={folder}"]
                    break
                versioned = sorted(folder.glob(f"lib{name}.so.*"))
                if versioned:
                    words += [os.fspath(versioned[0]), "-Xlinker", f"-rpath={folder}"]
                    break
            else:
                words.append(f"-l{name}")
        return words

    def lacks(self, program):
        """The headers that are not here."""
        return [header for header in program.headers if self.folder_of(header) is None]

    def path(self, program):
        """Where a program is when it is built."""
        return self.out / program.name

    def _run(self, words):
        done = subprocess.run([self.nvcc, *words], capture_output=True, text=True)
        return "" if done.returncode == 0 else f"nvcc {' '.join(words)}\n{done.stdout}{done.stderr}"

    def build(self, wanted):
        """Compiles and links; the messages for each program that could not be built."""
        self.out.mkdir(parents=True, exist_ok=True)
        tasks = {}  # object -> (source, flags): a source that several programs share is compiled once
        for program in wanted:
            includes = self._includes(program)
            for source in program.sources:
                if source not in self.objects:
                    tasks[self._object(source, includes)] = (source, includes)
            for source in program.shared:
                tasks[self._object(source, [*includes, PIC])] = (source, [*includes, PIC])
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            def compiled(item):
                target, (source, includes) = item
                words = [*self.flags, *includes, "-c", os.fspath(self.root / source), "-o", os.fspath(target)]
                return target, self._run(words)

            messages = dict(pool.map(compiled, tasks.items()))

            def linked(program):
                includes, shared = self._includes(program), []
                objects = [self._object(source, includes) for source in program.sources]
                failed = "".join(messages.get(target, "") for target in objects)
                for source in program.shared:
                    target = self._object(source, [*includes, PIC])
                    library = self.out / f"{program.name}_{pathlib.Path(source).stem}.so"
                    failed += messages.get(target, "") or self._run([
                        *self.flags, "-shared", os.fspath(target), "-Xlinker", f"-soname={library.name}", "-o",
                        os.fspath(library)])
                    # found beside the program, wherever the folder is carried
                    shared += [os.fspath(library), "-Xlinker", "-rpath=$ORIGIN"]
                words = [*self.flags, *map(os.fspath, objects), *shared, *self._links(program), "-o",
                         os.fspath(self.path(program))]
                return program, failed or self._run(words)

            return {program: message for program, message in pool.map(linked, wanted) if message}

    def _object(self, source, includes):
        if source in self.objects:
            return self.objects[source]
        tag = f"{zlib.crc32(' '.join(includes).encode()):x}." if includes else ""
        return self.out / f"{source.replace('/', '.')}.{tag}o"
