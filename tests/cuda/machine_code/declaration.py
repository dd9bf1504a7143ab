# SPDX-License-Identifier: Apache-2.0
"""What a .cu file says of its kernels, in comment lines at its top. A file that states its kernels is inspected.

    // compositions: 16, kernels: 11     kernels that it makes on each architecture, out of how many compositions
    // title: Step kernels               the heading of its section in the report
    // name: REGEX -> TEXT               part of a kernel's name in the report, for mangled names in which REGEX occurs;
                                         all parts that fit are joined, \\1 stands for a group
    // shared: of the head               kernels are launched with the shared memory that shared_bytes.cpp says
    // architectures: 90                 those for which it is compiled; else all that __main__ names
    // calls: outside the step loop      subroutines and jumps through registers are allowed there; else nowhere
    // like: handwritten.cu              a kernel's step loop has at most 5 % more instructions than that of the kernel
                                         with the same name in that file

No line may be longer than 120 columns, or the formatter joins it with the next.
"""
import re

UNNAMED = re.compile(r"\d+_GLOBAL__N__\w+?_cu_[0-9a-f]+_\d+")  # a hash of the file's path
LINE = re.compile(r"^// (title|name|shared|calls|like|kernels|compositions|architectures): (.+)$")

HEAD = re.compile(r"6format\d(\w+?)ENS0_11adaln_shapeI(?:Li\d+ELi\d+ELi(\d+)ELi(\d+)E|XtlNS0_9dynamic_t).*?"
                  r"tiled_planELi(\d+)ELb[01]ELb([01])E")
REGIMES = {("2", "1"): "resident", ("2", "0"): "streamed", ("6", "0"): "wide", ("4", "0"): "tiles"}


class Declaration:
    """The declaration of a file. `kernels` is None if it has none."""

    def __init__(self, source):
        self.source = source
        self.title, self.kernels, self.compositions, self.like = source.name, None, None, None
        self.calls_outside_loop, self.head, self.architectures = False, False, None
        self._names = []
        for line in source.read_text().split("#include")[0].splitlines():
            if match := LINE.match(line):
                self._take(*match.groups())

    def _take(self, key, value):
        if key in ("kernels", "compositions"):
            for count, number in re.findall(r"(kernels|compositions): (\d+)", f"{key}: {value}"):
                setattr(self, count, int(number))
        elif key == "architectures":
            self.architectures = value.split()
        elif key == "name":
            pattern, arrow, text = value.partition(" -> ")
            if not arrow:
                raise SystemExit(f"{self.source.name}: expected `// name: REGEX -> TEXT`, found {value}")
            self._names.append((re.compile(pattern), text))
        elif key in ("calls", "shared"):
            only = {"calls": "outside the step loop", "shared": "of the head"}[key]
            if value != only:
                raise SystemExit(f"{self.source.name}: expected `// {key}: {only}`, found {value}")
            self.calls_outside_loop |= key == "calls"
            self.head |= key == "shared"
        else:
            setattr(self, key, value)

    def name(self, mangled):
        """A kernel's name in the report."""
        found = [(pattern.search(mangled), text) for pattern, text in self._names]
        return ", ".join(match.expand(text) for match, text in found if match) or UNNAMED.sub("", mangled)

    def head_of(self, mangled):
        """Format, width, depth and regime of a head's kernel, as shared_bytes.cpp reads them; MAR-B's sizes if it is for
        any."""
        form, width, depth, *plan = HEAD.search(mangled).groups()
        return f"{form} {width or 1024} {depth or 6} {REGIMES[tuple(plan)]}"
