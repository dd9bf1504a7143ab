# SPDX-License-Identifier: Apache-2.0
"""What a drawing costs, measured in turns: ardent's arms and PyTorch's, with what a saving of evaluations could give at
most.

Amdahl's bound of an arm: A's seconds, its head's divided by how many times fewer evaluations the arm has, its backbone's by
how many times fewer AR steps. For one image at a time the evaluations that count are the steps over the AR loop; for a
batch, the evaluations a token.
"""
import dataclasses
import json
import platform
import statistics
import time

import programs

ROUNDS = 5
BATCHES = (1, 64)


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds an image."""
    head: float
    backbone: float

    @property
    def total(self):
        return self.head + self.backbone


def bound(baseline, evaluations, ar_steps):
    """Seconds an image of an arm that has these shares of the baseline's evaluations and AR steps, if each costs what it
    costs the baseline."""
    return baseline.head * evaluations + baseline.backbone * ar_steps


def median(costs):
    """The measurement whose total is the median, so that its parts add up."""
    return sorted(costs, key=lambda c: c.total)[len(costs) // 2]


def spread(costs):
    """Half of what lies between the quarter and the three quarters of totals, as a share of the median."""
    first, _, third = statistics.quantiles([c.total for c in costs], n=4, method="inclusive")
    return (third - first) / 2 / median(costs).total


class PyTorch:
    """The shipped MAR in plain PyTorch, float32, without guidance."""

    def __init__(self, threads):
        import torch
        from published import mar
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.model = mar.Mar.of_files(*programs.shipped())
        self.model.draw([0], [2] * 12, None)

    def cost(self, images, steps):
        self.model.backbone_seconds = 0.0
        started = time.perf_counter()
        self.model.draw([i % 10 for i in range(images)], steps, None)
        total = time.perf_counter() - started
        return Cost((total - self.model.backbone_seconds) / images, self.model.backbone_seconds / images)


class Times:
    """{batch: {name: [Cost]}}, measured once for a list of arms and kept in a file."""

    def __init__(self, run, names, threads):
        self.run, self.names, self.threads = run, names, threads
        path = run.folder / "times.json"
        asked = {name: run.plan.arms[name].options() for name in names}
        kept = json.loads(path.read_text()) if path.is_file() else {}
        if kept.get("arms") != asked:
            kept = {"arms": asked, "date": time.strftime("%Y-%m-%d"), "machine": machine(), "threads": threads,
                    "batches": {str(batch): self.measured(batch) for batch in BATCHES}}
            path.write_text(json.dumps(kept))
        self.about = f"{kept['date']}, {kept['machine']}, {kept['threads']} threads"
        self.found = {int(batch): {name: [Cost(*pair) for pair in pairs] for name, pairs in of.items()}
                      for batch, of in kept["batches"].items()}

    def measured(self, batch):
        """{name: [(head, backbone)]}: all in turns."""
        torch = None if self.run.programs.weights or self.run.plan.only else PyTorch(self.threads)
        found = {}
        for number in range(self.rounds + 1):  # the first one only warms up
            for name in self.names:
                cost = self.of_program(name, batch, number)
                if number > 0:
                    found.setdefault(name, []).append((cost.head, cost.backbone))
            for name in self.names[:3] if torch else []:
                cost = torch.cost(batch, self.run.asked(name)[0])
                if number > 0:
                    found.setdefault(f"PyTorch: {name}", []).append((cost.head, cost.backbone))
            print(f"times, batch {batch}: round {number} of {self.rounds}", flush=True)
        return found

    @property
    def rounds(self):
        return 2 if self.run.quick else ROUNDS

    def of_program(self, name, batch, number):
        # one image is over in milliseconds, and the program says hundredths of a second
        images = 4 if self.run.quick else 64
        _, head, backbone = self.run.programs.seconds(images=images, batch=batch, seed=number, threads=self.threads,
                                                      **self.run.plan.arms[name].options())
        return Cost(head / images, backbone / images)


def machine():
    """The processor, in its maker's words."""
    from published import harness
    return f"{harness.machine()} ({platform.machine()})"
