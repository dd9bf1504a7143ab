#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what no compiler sees: licence lines, docstrings of public names, that no source is left out of a build,
and that documents quote what is there.

usage: check_tree.py ROOT
"""
import os
import pathlib
import re
import sys

SPDX = "SPDX-License-Identifier: Apache-2.0"
CODE = {".hpp", ".cuh", ".cpp", ".cu"}
WITH_LICENCE = CODE | {".py", ".sh", ".build", ".options", ".in", ".wrap", ".yaml"}
WITH_LICENCE_NAMES = {"dev", "run", ".clang-format", ".clang-tidy", ".gitignore", "CMakeLists.txt"}
IGNORED_FOLDERS = {".git", ".venv", "build", "__pycache__", "subprojects"}

# A line at the left margin that begins the declaration of a name at namespace scope.
DECLARATION = re.compile(
    r"(template\b|struct\s|class\s|enum\s|union\s|concept\s|using\s+\w+\s*=|inline\s+constexpr\s|constexpr\s|inline\s+(?!namespace)\w"
    r"|\[\[|ARDENT_HD\s|ARDENT_INLINE\s|void\s|auto\s|bool\s|int\s|float\s|double\s|std::)"
)
# What needs no docstring of its own: it completes a name that has one.
COMPLETES = re.compile(
    r"template\s*<>|(template\s*<.*>\s*)?(struct|class)\s+[\w:]+\s*(;|<)"  # specialisations, forward declarations
    r"|(template\s*<.*>\s*)?[\w:]+\(.*\)\s*->"  # deduction guides
    r"|(template\s*<.*>\s*)?inline\s+constexpr\s+[\w ]+<"  # specialised variables
)


def files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in IGNORED_FOLDERS and not f.startswith("build-"))
        for name in sorted(names):
            yield pathlib.Path(folder, name).relative_to(root)


def undocumented(text):
    """Line numbers of declarations in namespace ardent (outside detail) with no /// comment above them."""
    lines = text.splitlines()
    detail_depth = False
    for index, line in enumerate(lines):
        if re.match(r"namespace (\w+::)*detail\b", line):
            detail_depth = True
        elif re.match(r"}\s*//\s*namespace (\w+::)*detail\b", line):
            detail_depth = False
        if detail_depth or not DECLARATION.match(line):
            continue
        before = lines[index - 1].strip() if index else ""
        begins = not before or before.startswith(("//", "#", "namespace", "inline namespace")) or before[-1] in ";}"
        if not begins or before.startswith("///"):
            continue
        # Up to the body: a specialisation or guide shows in the joined declaration.
        joined = " ".join(part.strip() for part in lines[index : index + 4])
        if not COMPLETES.match(joined):
            yield index + 1


def check_header(path, text):
    if "/// @file" not in text or "/// @brief" not in text:
        yield f"{path}: expected a docstring (/// @file, /// @brief), found none"
    if "#pragma once" not in text:
        yield f"{path}: expected #pragma once, found none"
    for line in undocumented(text):
        yield f"{path}:{line}: expected a docstring (///) above this public name, found none"


def check_listed(path, root):
    """A source that no meson.build above it names is never built, and a test in it never run."""
    for folder in path.parents:
        build = root / folder / "meson.build"
        name = re.escape(path.relative_to(folder).as_posix())
        if build.is_file() and re.search(rf"['/]{name}'", build.read_text()):
            return
    yield f"{path}: expected to be named in the meson.build of its folder or one above, found in none"


def check(path, root):
    wants_licence = path.suffix in WITH_LICENCE or path.name in WITH_LICENCE_NAMES
    if not wants_licence:
        return
    text = (root / path).read_text()
    if SPDX not in "\n".join(text.splitlines()[:2]):
        yield f"{path}: expected {SPDX} in the first line (or after #!), found none"
    if path.suffix not in CODE:
        return
    top = path.parts[0]
    if top == "include" and "detail" not in path.parts:
        yield from check_header(path, text)
    # what scripts find by its folder
    stands_alone = {"compile", "compile_fail", "consumer", "cuda"} & set(path.parts) or path.parts[1] == "gpu"
    if path.suffix in (".cpp", ".cu") and top in ("tests", "examples", "benchmarks") and not stands_alone:
        yield from check_listed(path, root)


def check_readme(root):
    """A program that the README runs is one that its command before has built."""
    built = (root / "tools" / "build.sh").read_text()
    for program in sorted(set(re.findall(r"build/demo/(\S+)", (root / "README.md").read_text()))):
        if not re.search(rf'build_or_stop demo "[^"]*\b{re.escape(program)}\b', built):
            yield f"README.md: expected programs that ./dev demo builds, found {program}"


def check_quotes(root):
    """A block of code under "<!-- quoted from PATH -->" in a document stands in that file."""
    for path in sorted((root / "docs").glob("*.md")):
        quotes = re.findall(r"<!-- quoted from (\S+) -->\n```\w*\n(.*?)\n```", path.read_text(), re.S)
        if len(quotes) != path.read_text().count("<!-- quoted from"):
            yield f"docs/{path.name}: expected a block of code below each '<!-- quoted from PATH -->', found another"
        for source, code in quotes:
            if not (root / source).is_file() or code not in (root / source).read_text():
                yield f"docs/{path.name}: expected a quote that stands in {source}, found another:\n{code}"


def check_version(root):
    """meson.build states the version that the header states, and names the namespace after."""
    header = (root / "include" / "ardent" / "version.hpp").read_text()
    numbers = [re.search(rf"#define ARDENT_VERSION_{part} (\d+)", header).group(1) for part in ("MAJOR", "MINOR", "PATCH")]
    stated = re.search(r"\bversion: '([^']*)'", (root / "meson.build").read_text()).group(1)
    if stated != ".".join(numbers):
        yield f"meson.build: expected version {'.'.join(numbers)}, as include/ardent/version.hpp says, found {stated}"
    if f"inline namespace v{numbers[0]} {{" not in header:
        yield f"include/ardent/version.hpp: expected inline namespace v{numbers[0]}, after the version, found another"
    revision = re.search(r"^revision = (.*)$", (root / "docs" / "ardent.wrap").read_text(), re.M).group(1)
    if revision != f"v{'.'.join(numbers)}":
        yield f"docs/ardent.wrap: expected revision v{'.'.join(numbers)}, found {revision}"


def deprecated(path, text, version):
    """A deprecated name says what to use and until when, and is gone by then. `version` is (major, minor)."""
    for found in re.finditer(r"\[\[\s*(?:gnu::)?deprecated\b\s*(?:\((.*?)\)\s*)?\]\]", text, re.S):
        said = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found.group(1) or ""))
        until = re.fullmatch(r"ardent::\S+: .*\bUse .+\. Goes in (\d+)\.(\d+)\.", said)
        where = f"{path}:{text.count(chr(10), 0, found.start()) + 1}"
        if not until:
            yield f'{where}: expected [[deprecated("ardent::NAME: why. Use INSTEAD. Goes in MAJOR.MINOR.")]], found "{said}"'
        elif (int(until[1]), int(until[2])) <= version:
            yield f"{where}: expected that what goes in {until[1]}.{until[2]} is gone in {version[0]}.{version[1]}, found it"


def check_deprecated(root):
    header = (root / "include" / "ardent" / "version.hpp").read_text()
    version = tuple(int(re.search(rf"ARDENT_VERSION_{part} (\d+)", header)[1]) for part in ("MAJOR", "MINOR"))
    for path in sorted((root / "include").rglob("*.hpp")):
        yield from deprecated(path.relative_to(root), path.read_text(), version)


def check_changelog(root):
    """The first release that CHANGELOG.md tells of is the version of the headers."""
    version = re.search(r"\bversion: '([^']*)'", (root / "meson.build").read_text()).group(1)
    told = re.search(r"^## (?:\[)?(\d+\.\d+\.\d+)", (root / "CHANGELOG.md").read_text(), re.M)
    if not told or told[1] != version:
        yield f"CHANGELOG.md: expected {version} as its first release, found {told[1] if told else 'none'}"


def main():
    root = pathlib.Path(sys.argv[1])
    checked = list(files(root))
    found = [problem for path in checked for problem in check(path, root)] + [
        *check_readme(root), *check_quotes(root), *check_version(root), *check_deprecated(root),
        *check_changelog(root)]
    print("\n".join(found) if found else f"{len(checked)} files are as they should be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
