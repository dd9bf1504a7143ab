# SPDX-License-Identifier: Apache-2.0
"""Shares out the time of a run.

usage: plan = Plan(seconds, clock); plan.add(name, wanted, least) for each stage in turn; plan.budget(name) when it begins

A stage gets what it wants as long as those after it keep the least that they need; and its own least, if so much is
left at all.
"""
import time


class Plan:
    """seconds: for all stages and what is done before them; clock: gives seconds."""

    def __init__(self, seconds, clock=time.monotonic):
        self.clock = clock
        self.deadline = clock() + seconds
        self.stages = {}  # name -> (wanted, least), in the order in which they run

    def add(self, name, wanted, least):
        self.stages[name] = (wanted, least)

    def left(self):
        return self.deadline - self.clock()

    def least(self):
        """What all stages need."""
        return sum(least for _, least in self.stages.values())

    def budget(self, name):
        """Seconds for a stage that begins now; not more than are left."""
        names = list(self.stages)
        wanted, least = self.stages[name]
        later = sum(self.stages[n][1] for n in names[names.index(name) + 1:])
        return max(min(self.left(), max(min(wanted, self.left() - later), least)), 0)
