# SPDX-License-Identifier: Apache-2.0
"""Numbers of denoising steps that cost the same.

A cost is counted in effective steps: after a clip, K steps that are asked for may visit fewer times. It is either the sum
over AR steps ("steps": what one image at a time pays) or over tokens, per token ("tokens": what a large batch pays).
"""
import functools


@functools.cache
def effective(steps, clip=950, train_timesteps=1000):
    """Times that `steps` equally spaced ones visit after a clip: grid::respaced and grid::clip in ardent."""
    if steps == 1:
        return 1
    # Python's round takes ties to even, as the grid does
    return len({min(round(i * (train_timesteps - 1) / (steps - 1)), clip) for i in range(steps)})


def weights_of(ar_tokens, count):
    """What a step at each AR step costs; over all AR steps these sum up to 1 for "tokens", to their number for "steps"."""
    if count == "steps":
        return [1.0] * len(ar_tokens)
    return [n / sum(ar_tokens) for n in ar_tokens]


def cost(table, ar_tokens, count, clip=950):
    """The cost of a table of steps that are asked for."""
    return sum(w * effective(k, clip) for w, k in zip(weights_of(ar_tokens, count), table))


def even(target, ar_tokens, count, clip=950, most=1000):
    """A table of this cost that is as constant as it can be: at each AR step one of two numbers, so that the cost so far
    stays as near to the target's share as it can."""
    weights, table, so_far, wanted = weights_of(ar_tokens, count), [], 0.0, 0.0
    for w in weights:
        wanted += target * w / sum(weights)
        best = min(range(1, most + 1), key=lambda k: (abs(so_far + w * effective(k, clip) - wanted), k))
        table.append(best)
        so_far += w * effective(best, clip)
    return table


def nearest(tables, target, ar_tokens, count, clip=950):
    """Of {number: table}, the number whose cost is nearest to the target."""
    return min(tables, key=lambda u: (abs(cost(tables[u], ar_tokens, count, clip) - target), u))
