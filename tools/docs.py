#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the reference manual and the pages as HTML, offline, by Doxygen.

usage: docs.py [--out FOLDER]     (default: build/docs; the first page is FOLDER/html/index.html)

Status 1 if a public name of the headers is undocumented, a parameter is named wrongly or left out where others are
documented, a link of a page leads nowhere, or Doxygen misreads a page; 77, which counts as a skipped test, if there is no
Doxygen.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import check_links

ROOT = pathlib.Path(__file__).resolve().parent.parent


def configuration(root, out):
    """The text of Doxygen's configuration for a checkout."""
    version = re.search(r"^  version: '([^']+)'", (root / "meson.build").read_text(), re.M)
    values = {"version": version.group(1), "root": root.as_posix(), "output": out.as_posix()}
    template = (ROOT / "docs" / "Doxyfile.in").read_text()
    return re.sub(r"@(\w+)@", lambda name: values[name.group(1)], template)


# what Doxygen makes of Markdown before it makes HTML of that
COMMAND = re.compile(r"[@\\](ref|section|subsection|verbatim|endverbatim|code|endcode|image)\b")


def misread(folder):
    """Pages in which Doxygen left a command of its own: it has taken what stands before for something else."""
    for page in [folder / "index.html", *sorted(folder.glob("md_*.html"))]:
        if page.is_file() and (found := COMMAND.search(page.read_text(encoding="utf-8"))):
            yield f"{page.name}: expected HTML, found Doxygen's {found.group()}"


def undocumented_values(folder):
    """Values of enumerations without a description, which Doxygen itself lets pass."""
    for file in sorted(folder.glob("*.xml")):
        for value in xml.etree.ElementTree.parse(file).getroot().iter("enumvalue"):
            if not any("".join(value.find(part).itertext()).strip() for part in ("briefdescription", "detaileddescription")):
                yield f"{file.stem}: expected a description of the value {value.findtext('name')}, found none"


def build(root, out):
    """Runs Doxygen. Returns its status and what is wrong."""
    for folder in ("html", "xml"):
        shutil.rmtree(out / folder, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / "Doxyfile").write_text(configuration(root, out))
    done = subprocess.run(["doxygen", out / "Doxyfile"], cwd=root, capture_output=True, text=True)
    complaints = [line for line in done.stderr.splitlines() if line.strip()]
    return done.returncode, [*dict.fromkeys([*complaints, *undocumented_values(out / "xml")]), *misread(out / "html")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "docs")
    out = parser.parse_args().out.resolve()
    if shutil.which("doxygen") is None:
        print("there is no Doxygen: Debian's package is `doxygen`")
        return 77
    status, complaints = build(ROOT, out)
    complaints += check_links.check(ROOT)
    print("\n".join(complaints) if complaints else f"wrote {out / 'html' / 'index.html'}")
    return 1 if status or complaints else 0


if __name__ == "__main__":
    sys.exit(main())
