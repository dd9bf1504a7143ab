#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That the checks of the documents find what they are for: links that lead nowhere, pages that nothing leads to, public
names without a description. Without Doxygen the last is left out.

usage: docs_test.py ROOT
"""
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(ROOT / "tools"))
import check_links  # noqa: E402  # beside the tools
import docs  # noqa: E402

GOOD = {
    "README.md": "# A\n\n[page](docs/page.md#two-words-1), [code](src/a.cpp), ![b](docs/b.png)\n[out](https://example.org/x)\n",
    "docs/page.md": "# Page\n\n## Two `words`\n\n## Two words!\n\n[up](../README.md) [here](#two-words) `[not](a.link)`\n\n"
                    "```md\n[nor](this.md)\n# no heading\n```\n",
    "docs/b.png": "",
    "src/a.cpp": "",
}
# what is added to a page, and what must then be said
BROKEN = {
    "missing file": ("README.md", "[x](docs/none.md)", "README.md:6: expected a link to a file of this tree, found docs/none.md"),
    "missing heading": ("README.md", "[x](docs/page.md#none)",
                        "README.md:6: expected a link to a heading of docs/page.md, found #none"),
    "heading in code": ("docs/page.md", "[x](#no-heading)",
                        "docs/page.md:14: expected a link to a heading of docs/page.md, found #no-heading"),
    "outside": ("README.md", "[x](../other/README.md)",
                "README.md:6: expected a link to a file of this tree, found ../other/README.md"),
    "orphan": ("docs/alone.md", "# Alone",
               "docs/alone.md: expected README.md or a page that it leads to to link this page, found none that does"),
}

HEADER = """#pragma once
/// @file
/// @brief A header.
/// @brief A namespace.
namespace ardent {
/// @brief A class.
/// @tparam T  a type
template <class T>
class box {
 public:
  explicit box(T value) : value_(value) {}  ///< holds it
  T value() const { return value_; }%s

 private:
  T value_;
};
template <class T>
box(T) -> box<T>;
/// @brief Colours.
enum class colour {
  red,%s
  blue  ///< as the sky
};
}  // namespace ardent
"""


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def expect(what, expected, found):
    if expected != found:
        sys.exit(f"{what}: expected {expected}, found {found}")


def check_the_links():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder, GOOD)
        expect("good links", [], list(check_links.check(folder)))
    for what, (page, text, message) in BROKEN.items():
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            write(folder, GOOD | {page: GOOD.get(page, "") + "\n" * (page in GOOD) + text + "\n"})
            expect(what, [message], list(check_links.check(folder)))


def complaints_of(of_member, of_value="  ///< as roses"):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        write(folder, {"include/ardent/box.hpp": HEADER % (of_member, of_value), "README.md": "# A\n", "docs/page.md": "# Page\n",
                       "meson.build": (ROOT / "meson.build").read_text()})
        for script in ("without_guides.sed", "without_links.py"):
            shutil.copy(ROOT / "docs" / script, folder / "docs")
        for other in ("CHANGELOG.md", "CONTRIBUTING.md", "examples/README.md", "examples/common/train/README.md",
                      "models/README.md", "tests/data/README.md"):
            write(folder, {other: "# A page\n"})
        status, complaints = docs.build(folder, folder / "out")
        if status == 0 and not (folder / "out/html/index.html").is_file():
            sys.exit("expected a first page, found none")
        return status != 0, complaints


def check_the_reference():
    expect("a documented header", (False, []), complaints_of("  ///< what it holds"))
    failed, complaints = complaints_of("")
    expect("an undocumented name", True, failed)
    expect("its complaints", 1, len(complaints))
    expect("the complaint", True, "box.hpp:12: error: Member value() const" in complaints[0])
    found = [text.partition(": ")[2] for text in complaints_of("  ///< what it holds", "")[1]]
    expect("an undocumented value", ["expected a description of the value red, found none"], found)


check_the_links()
if shutil.which("doxygen") is not None:
    check_the_reference()
