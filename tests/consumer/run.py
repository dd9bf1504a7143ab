#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and runs the projects in this folder as strangers would have them: outside the tree, with ardent vendored or
installed.

usage: run.py HOW ROOT MESON... -- COMPILER...

HOW is one of
  copy       project `subproject`, ardent copied into its subprojects/
  git        libraries of project `subproject`, ardent by the wrap file of docs/ and as a submodule, unoptimised
  cuda       project `cuda`, ardent copied; nvcc hands the host's code to COMPILER
  cmake      project `installed`, by CMake from an installed tree that was moved, in C++20 and C++23
  cmake-cuda project `cuda`, by CMake from such a tree
  pkg-config project `installed`, by pkg-config from such a tree, in C++20 and C++23
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
# Of nobody's configuration, and quick.
GIT_CONFIGURATION = {"user.name": "nobody", "user.email": "nobody@example.org", "core.compression": "0"}


class World:
    """What a test is given: the library's sources, the tools, and an empty folder outside the tree."""

    def __init__(self, folder, root, meson, compiler):
        self.folder, self.root, self.meson, self.compiler = folder, root, meson, compiler
        # The flags of this checkout's own configuration must not reach the stranger's.
        self.environment = {name: value for name, value in os.environ.items() if not name.endswith("FLAGS")}
        self.environment["CXX"] = " ".join(compiler)

    def run(self, command, **more):
        result = subprocess.run(command, capture_output=True, text=True, **{"env": self.environment, **more})
        if result.returncode:
            print(f"{' '.join(map(str, command))} ended with status {result.returncode}:\n{result.stdout}{result.stderr}")
            sys.exit(1)
        return result.stdout

    def project(self, name, copy=None):
        target = self.folder / (copy or name)
        shutil.copytree(HERE / name, target)
        return target

    def copy_library(self, target):
        """The files that a clone would have, new ones included; all but the build folders where there is no git."""
        try:
            listing = ["git", "-C", self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
            names = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split("\0")
        except (OSError, subprocess.CalledProcessError):
            shutil.copytree(self.root, target, ignore=shutil.ignore_patterns(".git", ".venv", "build", "build-*"))
            return
        for name in filter(None, names):
            if (self.root / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.root / name, target / name)

    def setup(self, project, *options):
        """A configured build folder of a project, whose ardent is the subproject even where one is installed."""
        build = project.with_name(project.name + "_build")
        names = "ardent,ardent-openmp,ardent-cuda,ardent-cublaslt"
        self.run([*self.meson, "setup", build, project, f"--force-fallback-for={names}", *options])
        return build

    def installed(self):
        """The prefix of an installed tree, elsewhere than where it was configured for."""
        build, stage = self.folder / "build", self.folder / "stage"
        features = [f"-D{name}=disabled" for name in ("examples", "tests", "benchmarks", "docs", "cuda")]
        self.run([*self.meson, "setup", build, self.root, "--prefix=/nowhere", *features])
        self.run([*self.meson, "install", "-C", build, "--quiet"], env={**self.environment, "DESTDIR": str(stage)})
        return stage / "nowhere"


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def stop_unless(right, message):
    if not right:
        print(message)
        sys.exit(1)


def check_small(world, build, expected):
    """As a subproject ardent adds no target and installs nothing."""
    found = {target["name"] for target in json.loads(world.run([*world.meson, "introspect", "--targets", build]))}
    stop_unless(found == expected, f"expected only the targets {sorted(expected)}, found {sorted(found)}")
    installed = json.loads(world.run([*world.meson, "introspect", "--installed", build]))
    stop_unless(not installed, f"expected that nothing is installed, found {sorted(installed)[:3]} ...")


def by_copy(world):
    project = world.project("subproject")
    world.copy_library(project / "subprojects" / "ardent")
    build = world.setup(project)
    world.run([*world.meson, "compile", "-C", build])
    check_small(world, build, {"left", "right", "consumer"})
    print(world.run([build / "consumer"]), end="")


def by_git(world):
    if not shutil.which("git"):
        skip("no git")
    world.environment |= {"GIT_ALLOW_PROTOCOL": "file", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    world.environment["GIT_CONFIG_COUNT"] = str(len(GIT_CONFIGURATION))
    for i, (key, value) in enumerate(GIT_CONFIGURATION.items()):
        world.environment |= {f"GIT_CONFIG_KEY_{i}": key, f"GIT_CONFIG_VALUE_{i}": value}
    library = world.folder / "library"
    world.copy_library(library)
    wrap = (world.root / "docs" / "ardent.wrap").read_text()
    revision = re.search(r"^revision = (.*)$", wrap, re.M).group(1)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"], ["tag", revision]):
        world.run(["git", "-C", library, *command])

    # by the wrap file, with the address of the clone; in C++23
    project = world.project("subproject", "wrapped")
    (project / "subprojects").mkdir()
    wrap, count = re.subn(r"^url = .*$", f"url = {library.as_uri()}", wrap, flags=re.M)
    stop_unless(count == 1, f"expected one url in docs/ardent.wrap, found {count}")
    (project / "subprojects" / "ardent.wrap").write_text(wrap)
    # what the wrap file provides needs no fallback argument
    text = (project / "meson.build").read_text()
    (project / "meson.build").write_text(text.replace(", fallback: 'ardent'", ""))
    build = world.setup(project, "-Dcpp_std=c++23", "-Dbuildtype=plain")
    world.run([*world.meson, "compile", "-C", build, "left"])
    check_small(world, build, {"left", "right", "consumer"})
    print("wrap: libleft was built")

    # as a submodule, of a clone whose submodules have not been fetched: Meson does
    origin = world.project("subproject", "origin")
    for command in (["init", "-q"], ["submodule", "--quiet", "add", library.as_uri(), "subprojects/ardent"],
                    ["add", "-A"], ["commit", "-qm", "all"]):
        world.run(["git", "-C", origin, *command])
    project = world.folder / "cloned"
    world.run(["git", "clone", "-q", origin.as_uri(), project])
    build = world.setup(project, "-Dbuildtype=plain")
    world.run([*world.meson, "compile", "-C", build, "left"])
    print("submodule: libleft was built")


def cuda_programs(world, programs):
    """The programs of project `cuda` that there must be here: `products` wherever the toolkit has cublasLt, whether or
    not ardent's dependency finds it."""
    nvcc = shutil.which("nvcc") or skip("no nvcc")
    shutil.which(world.compiler[0]) or skip(f"no {world.compiler[0]}")
    if (pathlib.Path(nvcc).resolve().parent.parent / "include" / "cublasLt.h").is_file():
        return [*programs, "products"]
    print("products: left out, there is no cublasLt")
    return programs


def by_cuda(world):
    programs = cuda_programs(world, ["cuda_consumer", "linked_by_cpp"])
    project = world.project("cuda")
    world.copy_library(project / "subprojects" / "ardent")
    # nvcc takes no more than a program here, not `ccache g++`; it then has its own, g++
    host = [f"-Dcuda_ccbindir={shutil.which(*world.compiler)}"] if len(world.compiler) == 1 else []
    build = world.setup(project, *host)
    world.run([*world.meson, "compile", "-C", build])
    check_small(world, build, {"left", "right", *programs})
    for program in programs:
        print(f"{program}: {world.run([build / program])}", end="")


def configure_installed(world, prefix, project, build, *options):
    """The command that has CMake configure a project with the ardent of a prefix; it is run."""
    command = ["cmake", "-G", "Ninja", "-S", project, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}", *options]
    world.run(command)
    cache = (build / "CMakeCache.txt").read_text()
    stop_unless(f"ardent_DIR:PATH={prefix}/" in cache, f"expected the ardent of {prefix}, found another")
    return command


def by_cmake(world):
    if not shutil.which("cmake"):
        skip("no cmake")
    prefix, project = world.installed(), world.project("installed")
    for standard in ("20", "23"):
        build = world.folder / f"app{standard}"
        configure = configure_installed(world, prefix, project, build, f"-DCMAKE_CXX_STANDARD={standard}",
                                        "-DCMAKE_BUILD_TYPE=Debug")
        world.run(["cmake", "--build", build])
        print(f"C++{standard}: {world.run([build / 'app'])}", end="")

    # what must be refused: another minor version, and a component that there is none of
    lists = (project / "CMakeLists.txt").read_text()
    for wanted in ("ardent 0.0 ", "ardent 0.2 ", "ardent 1 ", "ardent 0.2...0.3 ", "ardent 0.1 COMPONENTS tpu "):
        changed = lists.replace("ardent 0.1 ", wanted).replace(" OPTIONAL_COMPONENTS openmp", "")
        (project / "CMakeLists.txt").write_text(changed)
        refused = subprocess.run([*configure, "-B", world.folder / "refused"], capture_output=True, text=True,
                                 env=world.environment)
        stop_unless(wanted in changed and refused.returncode and '"ardent"' in refused.stderr,
                    f"expected find_package({wanted}...) to be refused, found:\n{refused.stdout}{refused.stderr}")


def by_cmake_cuda(world):
    if not shutil.which("cmake"):
        skip("no cmake")
    programs = cuda_programs(world, ["cuda_consumer"])
    prefix, project, build = world.installed(), world.project("cuda"), world.folder / "app"
    configure_installed(world, prefix, project, build)
    world.run(["cmake", "--build", build])
    for program in programs:
        print(f"{program}: {world.run([build / program])}", end="")


def by_pkg_config(world):
    if not shutil.which("pkg-config"):
        skip("no pkg-config")
    prefix, project = world.installed(), world.project("installed")
    world.environment["PKG_CONFIG_PATH"] = str(prefix / "share" / "pkgconfig")
    world.environment["PKG_CONFIG_SYSROOT_DIR"] = str(prefix.parent)
    warnings = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
    # of two standards the last counts, so these come after the one that build.sh names
    for standard in ("20", "23"):
        world.environment["CXXFLAGS"] = f"-std=c++{standard} {warnings}"
        world.run(["sh", "build.sh"], cwd=project)
        print(f"C++{standard}: {world.run([project / 'app'])}", end="")


HOW = {"copy": by_copy, "git": by_git, "cuda": by_cuda, "cmake": by_cmake, "cmake-cuda": by_cmake_cuda,
       "pkg-config": by_pkg_config}


def main():
    separator = sys.argv.index("--")
    how, root = HOW[sys.argv[1]], pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        how(World(pathlib.Path(folder).resolve(), root, sys.argv[3:separator], sys.argv[separator + 1 :]))


if __name__ == "__main__":
    main()
