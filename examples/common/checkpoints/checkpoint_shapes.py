# SPDX-License-Identifier: Apache-2.0
"""Names and shapes of tensors: looked up in a checkpoint, and listed for the layers of a network. For
checkpoint_tables.py."""
import math
import re

FREQUENCIES = 256  # sinusoids of every time embedding


class Refused(Exception):
    """Something is not what it has to be; the message says what was expected and what was found."""


class Shapes:
    """The shapes of a checkpoint's tensors, by name."""

    def __init__(self, shapes):
        self.all = {name: tuple(shape) for name, shape in shapes.items()}

    def of(self, name, rank):
        """The shape of a tensor that has to be there."""
        if name not in self.all:
            raise Refused(f"expected tensor {name}, found none")
        if len(self.all[name]) != rank or 0 in self.all[name]:
            raise Refused(f"expected tensor {name} to have {rank} extents above 0, found {list(self.all[name])}")
        return self.all[name]

    def depth(self, stem):
        """How many blocks stem.0, stem.1, ... there are: one more than the highest number."""
        numbers = [int(m[1]) for m in (re.match(re.escape(stem) + r"\.(\d+)\.", name) for name in self.all) if m]
        if not numbers:
            raise Refused(f"expected tensors {stem}.0.*, found none")
        return max(numbers) + 1


class Tensors(dict):
    """{name: shape} of what a network has."""

    def linear(self, name, out, in_, bias=True):
        self[name + ".weight"] = (out, in_)
        if bias:
            self[name + ".bias"] = (out,)

    def norm(self, name, width, bias=True):
        self[name + ".weight"] = (width,)
        if bias:
            self[name + ".bias"] = (width,)

    def conv(self, name, out, in_, side):
        self[name + ".weight"] = (out, in_, side, side)
        self[name + ".bias"] = (out,)

    def time_embedding(self, name, width):
        self.linear(name + ".mlp.0", width, FREQUENCIES)
        self.linear(name + ".mlp.2", width, width)

    def gated_mlp(self, name, width, shapes):
        hidden = shapes.of(name + ".fc1_g.weight", 2)[0]
        self.linear(name + ".fc1_g", hidden, width)
        self.linear(name + ".fc1_x", hidden, width)
        self.linear(name + ".fc2", width, hidden)

    def modulated_blocks(self, stem, depth, width, condition, shapes):
        """FlowAR's and xAR's transformer blocks."""
        for name in (f"{stem}.{i}" for i in range(depth)):
            self.linear(name + ".attn.qkv", 3 * width, width)
            self.linear(name + ".attn.proj", width, width)
            self.gated_mlp(name + ".mlp", width, shapes)
            self.linear(name + ".ada_lin.1", 6 * width, condition)


def root(count, what):
    """The side of a square of `count`."""
    side = math.isqrt(count)
    if side * side != count:
        raise Refused(f"expected {what} to be a square number, found {count}")
    return side

