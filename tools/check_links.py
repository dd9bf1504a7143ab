#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the Markdown files' links to one another, to places within them and to other files, and that README.md leads to
every page of docs/.

usage: check_links.py ROOT
"""
import os
import pathlib
import re
import sys

IGNORED_FOLDERS = {".git", ".venv", "build", "__pycache__", "subprojects", "node_modules"}
BLOCK = re.compile(r"^(```|~~~).*?^\1\s*?$", re.S | re.M)
# [text](target) and ![text](target); the text may be an image, code or have brackets of its own
LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.M)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)


def pages(root):
    """All Markdown files of a checkout, relative to it."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in IGNORED_FOLDERS and not f.startswith("build-"))
        yield from (pathlib.Path(folder, name).relative_to(root) for name in sorted(names) if name.endswith(".md"))


def anchors(text):
    """What a page's headings are called in a link, as GitHub calls them."""
    found, seen = set(), {}
    for heading in HEADING.findall(BLOCK.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = seen.get(name, 0)
        seen[name] = number + 1
        found.add(f"{name}-{number}" if number else name)
    return found


def links(text):
    """(line, target) of each link outside blocks of code; inline code is no link."""
    hidden = BLOCK.sub(lambda block: "\n" * block.group().count("\n"), text)
    for number, line in enumerate(hidden.split("\n"), 1):
        line = re.sub(r"(`+)(?:(?!\1).)+\1", lambda code: "x" * len(code.group()), line)
        yield from ((number, link.group(1)) for link in LINK.finditer(line))


def check(root):
    """Problems, one a line."""
    texts = {page: (root / page).read_text(encoding="utf-8") for page in pages(root)}
    leads_to = {page: set() for page in texts}
    for page, text in texts.items():
        for line, target in links(text):
            if ELSEWHERE.match(target):
                continue
            path, _, anchor = target.partition("#")
            full = (root / page).parent / path if path else root / page
            here = pathlib.Path(os.path.relpath(full, root))
            if os.path.isabs(path) or here.parts[:1] == ("..",) or not full.exists():
                yield f"{page}:{line}: expected a link to a file of this tree, found {target}"
                continue
            leads_to[page].add(here)
            if anchor and (here not in texts or anchor not in anchors(texts[here])):
                yield f"{page}:{line}: expected a link to a heading of {here}, found #{anchor}"
    reached, left = set(), [pathlib.Path("README.md")]
    while left:
        page = left.pop()
        if page in leads_to and page not in reached:
            reached.add(page)
            left += sorted(leads_to[page])
    for page in texts:
        if page.parts[0] == "docs" and page not in reached:
            yield f"{page}: expected README.md or a page that it leads to to link this page, found none that does"


def main():
    root = pathlib.Path(sys.argv[1])
    problems = list(check(root))
    print("\n".join(problems) if problems else f"the links of {len(list(pages(root)))} pages lead where they should")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
