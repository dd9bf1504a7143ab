# SPDX-License-Identifier: Apache-2.0
"""The least time that a head's denoising step can take on a machine: its FLOP and bytes against measured ceilings.

Counted per denoising step, with guidance (two network rows a token), a multiply-add as two FLOP:

    sequential   2 D W^2 weights of the residual blocks for each row, and the input and output layers
    hoisted      (3 D + 2) W^2 weights of the modulations for each row: known before the first step, so that they need
                 not be read at each
    once         the condition's embedding, once a trajectory

    floor = max(sequential bytes / reading, sequential FLOP / product) + (hoisted + once / steps) / product

Bytes are those of the sequential part's weights, read once a step. Time embeddings, once for a whole generation, are
left out, and so are activations.
"""
import dataclasses

BRANCHES = 2


@dataclasses.dataclass(frozen=True)
class Head:
    """A head's sizes."""
    channels: int
    width: int
    depth: int
    condition_width: int

    @property
    def outputs(self):
        return 2 * self.channels

    def sequential_bytes(self, weight_bytes):
        """Weights that each step reads; the input and output layers are float in all formats."""
        blocks = 2 * self.depth * self.width**2
        return blocks * weight_bytes + (self.channels + self.outputs) * self.width * 4

    def sequential_flop(self, tokens):
        row = 2 * self.depth * self.width**2 + self.outputs * self.width
        # the input layer's result is the same in both branches
        return 2 * tokens * (BRANCHES * row + self.channels * self.width)

    def hoisted_flop(self, tokens):
        return 2 * tokens * BRANCHES * (3 * self.depth + 2) * self.width**2

    def condition_flop(self, tokens):
        return 2 * tokens * BRANCHES * self.condition_width * self.width

    def flop(self, tokens, steps):
        """All of a step's."""
        return self.sequential_flop(tokens) + self.hoisted_flop(tokens) + self.condition_flop(tokens) / steps

    def floor(self, tokens, steps, weight_bytes, reading, product):
        """Seconds of a step.

        reading  bytes a second
        product  FLOP a second of the format
        """
        sequential = max(self.sequential_bytes(weight_bytes) / reading, self.sequential_flop(tokens) / product)
        return sequential + (self.hoisted_flop(tokens) + self.condition_flop(tokens) / steps) / product
