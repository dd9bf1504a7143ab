#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""For Doxygen: a page without the links that lead out of the pages. A link to a source becomes its path, one to a place
within a page leads to the page. And what a picture shows stands in one line: Doxygen takes no more.

usage: without_links.py PAGE
"""
import re
import sys

BLOCK = re.compile(r"(^```.*?^```$)", re.S | re.M)
IMAGE = re.compile(r"!\[([^\]]*)\]\(")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


def without(link):
    """What stands for a link in Doxygen's page."""
    text, target = link.groups()
    if target.startswith(("http:", "https:")):
        return link.group()
    page, _, _ = target.partition("#")
    if not page:
        return text
    if page.endswith(".md"):
        return f"[{text}]({page})"
    return f"{text} (`{page}`)" if page.rstrip("/") not in text else text


def rewritten(text):
    """Text between blocks of code."""
    text = IMAGE.sub(lambda image: f"![{' '.join(image.group(1).split())}](", text)
    return LINK.sub(without, text)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        parts = BLOCK.split(file.read())
    sys.stdout.write("".join(part if part.startswith("```") else rewritten(part) for part in parts))


if __name__ == "__main__":
    main()
