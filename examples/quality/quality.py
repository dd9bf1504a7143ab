#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speed against quality of annealed denoising steps, measured on a trained MAR: writes tables and plots.

    quality.py                 draws what is missing, measures, writes --out
    quality.py --plan          only says what would be drawn, and what it costs
    quality.py --quick         a few images, to see that it works
    quality.py --primary       only the primary arms and their images: what was expected, for a model of yours
    quality.py --only ARM      only this arm beside A, and what both cost: with --first, on images that no other run has seen

All arms draw the same images: labels, orders and starting noise. What is drawn is kept in --work in parts of 1,000
images, so that a run that was stopped goes on where it was.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import shlex
import sys
import time

# Matrices here are small: threads would wait for one another longer than they compute.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy  # noqa: E402

import arms  # noqa: E402
import budgets  # noqa: E402
from programs import ROOT, Programs  # noqa: E402

SEED = 7000  # of the first part; the next ones follow
CALIBRATION_SEED = 100  # its images and noise are not those of the evaluation
PREFIX_SEED = 3000  # nor are those of the prefixes of token errors


class Store:
    """What has been drawn, from image `first` on."""

    def __init__(self, folder, programs, part, batch, first=0):
        self.folder, self.programs, self.part, self.batch, self.first = folder, programs, part, batch, first

    def numbers(self, images):
        """Of the parts of so many images."""
        return range(self.first // self.part, (self.first + images) // self.part)

    def path(self, arm, number):
        words = "_".join(f"{name}-{value}" for name, value in sorted(arm.options().items()))
        short = words if len(words) < 150 else f"{words[:110]}_{hashlib.sha256(words.encode()).hexdigest()[:12]}"
        return self.folder / "parts" / short.replace(",", ".").replace(":", "to") / f"{number}of{self.part}.npz"

    def missing(self, arm, images):
        return [i for i in self.numbers(images) if not self.path(arm, i).is_file()]

    def draw(self, arm, number):
        pictures, labels, steps, ar_tokens, _ = self.programs.draw(
            images=self.part, labels="balanced", seed=SEED + number, batch=self.batch, threads=1, **arm.options())
        path = self.path(arm, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path.with_suffix(".tmp"), "wb") as file:
            numpy.savez(file, pictures=pictures, labels=labels, steps=steps, ar_tokens=ar_tokens)
        path.with_suffix(".tmp").rename(path)

    def read(self, arm, images):
        parts = [numpy.load(self.path(arm, i)) for i in self.numbers(images)]
        return (numpy.concatenate([p["pictures"][..., 0] for p in parts]),
                numpy.concatenate([p["labels"] for p in parts]), parts[0]["steps"], parts[0]["ar_tokens"])


class Rate:
    """How long drawing takes: seconds an image for an AR step of the backbone and for an evaluation of all tokens."""

    def __init__(self, programs, batch):
        images = batch
        options = {"images": images, "labels": "balanced", "seed": 1, "batch": batch, "guidance": "none"}
        _, head, backbone = programs.seconds(ar_steps=arms.QUARTER, steps=20, **options)
        self.evaluation, self.ar_step = head / images / 20, backbone / images / arms.QUARTER

    def of(self, arm, evaluations):
        branches = 1 if arm.guidance_scale == 1 else 2
        return branches * (arm.ar_steps * self.ar_step + evaluations * self.evaluation)


def clock(seconds):
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"


def calibration(programs, folder, quick):
    """calibrated(ar_steps, count), measured once by the program profile."""
    options = {"images": 16, "draws": 2, "measured_steps": 5, "pairs": 64, "error_images": 4, "error_draws": 256,
               "seed": CALIBRATION_SEED, "steps": f"{arms.UPPER}:{arms.LOWER}", "threads": 1}
    if quick:
        options |= {"images": 2, "pairs": 8, "error_images": 1, "error_draws": 16}

    def measured(ar_steps):
        return programs.profile(folder / f"calibration_{ar_steps}.json", ar_steps=ar_steps, **options)["calibrated"]

    print("calibration", flush=True)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = dict(zip((arms.ALL, arms.QUARTER), pool.map(measured, (arms.ALL, arms.QUARTER))))
    return lambda ar_steps, count: found[ar_steps][f"by_{count}"]["steps"]


class Run:
    """One comparison: where it is kept, how many images its arms have."""

    def __init__(self, chosen):
        self.programs = Programs(chosen.build, chosen.weights, chosen.vae)
        self.folder = chosen.work / f"{self.programs.model_id()}{'-quick' if chosen.quick else ''}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.primary, self.screen, part = (200, 200, 100) if chosen.quick else (chosen.images, chosen.screen, 1000)
        self.part = part
        self.quick, self.jobs = chosen.quick, chosen.threads
        self.store = Store(self.folder, self.programs, part, chosen.batch, chosen.first)
        self.rate = Rate(self.programs, chosen.batch)
        self.asked_steps = {}
        # measured for minutes, so only if an arm has it
        measured = not chosen.only or any("calibrated" in name for name in chosen.only)
        calibrated = calibration(self.programs, self.folder, chosen.quick) if measured else lambda *_: [1]
        self.plan = arms.Plan(self.programs, calibrated, chosen.primary, chosen.only)

    def images(self, arm):
        return self.primary if arm.primary else self.screen

    def asked(self, name):
        """(denoising steps that an arm asks for at each AR step, tokens of each)."""
        if name not in self.asked_steps:
            arm = self.plan.arms[name]
            self.asked_steps[name] = self.programs.table(arm.ar_steps, arm.annealing, arm.steps, clip=999)
        return self.asked_steps[name]

    def steps(self, name):
        """Those that it takes: a clip leaves fewer."""
        return [budgets.effective(k, self.plan.arms[name].clip) for k in self.asked(name)[0]]

    def cost(self, name):
        """An arm's effective (evaluations a token, steps over the AR loop)."""
        steps, ar_tokens = self.steps(name), self.asked(name)[1]
        return sum(k * n for k, n in zip(steps, ar_tokens)) / sum(ar_tokens), sum(steps)

    def seconds(self, name):
        """What an image costs in a batch, by the trial."""
        return self.rate.of(self.plan.arms[name], self.cost(name)[0])

    def print_plan(self):
        """The cost of every arm, and of what is missing."""
        total = left = 0.0
        print(f"{'arm':44} {'images':>6} {'evaluations':>11} {'cost':>9} {'missing':>9}")
        for arm in self.plan.arms.values():
            evaluations, _ = self.cost(arm.name)
            each = self.seconds(arm.name)
            cost = each * self.images(arm)
            missing = each * self.part * len(self.store.missing(arm, self.images(arm)))
            print(f"{arm.name:44} {self.images(arm):6} {evaluations:11.1f} {clock(cost):>9} "
                  f"{clock(missing):>9}")
            total, left = total + cost, left + missing
        more = "times and " if self.plan.only else "token errors, an hour on two cores, times, and "
        more = "" if self.plan.only_primary else more
        print(f"{len(self.plan.arms)} arms, {clock(total)} of drawing, of which {clock(left)} are left, by a short trial; on "
              f"top come {more}minutes of classifiers", flush=True)
        return left

    def draw(self, left):
        """All that is missing: first the parts that every table has, so that a stopped run can be reported. A program a
        processor, each of one thread: none waits for another."""
        missing = [(number, arm) for number in self.store.numbers(self.primary) for arm in self.plan.arms.values()
                   if number in self.store.missing(arm, self.images(arm))]
        begun, done = time.monotonic(), 0.0
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            drawn = {pool.submit(self.store.draw, arm, number): (number, arm) for number, arm in missing}
            try:
                for finished in concurrent.futures.as_completed(drawn):
                    finished.result()
                    number, arm = drawn[finished]
                    done += self.seconds(arm.name) * self.part
                    spent = time.monotonic() - begun
                    print(f"[{100 * done / left:3.0f} %, {clock(spent)} spent, about "
                          f"{clock(spent * (left / done - 1))} left] {arm.name}, images {number * self.part} to "
                          f"{(number + 1) * self.part - 1}", flush=True)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "demo", help="folder of the programs")
    parser.add_argument("--weights", help="FILE.safetensors of a MAR that draws Fashion-MNIST [models/fashion_mar]")
    parser.add_argument("--vae", help="FILE.safetensors of its decoder, if it draws latents")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "quality", help="what is drawn is kept here")
    parser.add_argument("--images", type=int, default=10000, help="of the primary arms, thousands [10000]")
    parser.add_argument("--screen", type=int, default=2000, help="of the other arms, thousands [2000]")
    parser.add_argument("--batch", type=int, default=64, help="images drawn at a time [64]; changes no image")
    parser.add_argument("--threads", type=int, default=os.cpu_count(),
                        help="programs that draw at a time, and threads of one whose time is measured [all]")
    parser.add_argument("--quick", action="store_true", help="100 images a part and few of everything")
    parser.add_argument("--primary", action="store_true", help="only the primary arms, and no token errors or times")
    parser.add_argument("--only", metavar="ARM", action="append", default=[],
                        help="only this arm (more if repeated) beside A; names are the report's")
    parser.add_argument("--first", type=int, default=0, help="leave out so many images, thousands [0]")
    parser.add_argument("--plan", action="store_true", help="only print what would be drawn")
    parser.add_argument("--out", type=pathlib.Path,
                        help="the report [docs/evidence_quality.md; --quick, --primary, --only and other models: in --work]")
    chosen = parser.parse_args()
    # folders and threads change no number
    numbers = ("images", "screen", "quick", "primary", "weights", "vae", "only", "first")
    named = [(name, each) for name, value in vars(chosen).items()
             if name in numbers and value != parser.get_default(name)
             for each in (value if isinstance(value, list) else [value])]
    chosen.command = shlex.join(["./dev", "quality"] + [word for name, value in named for word in
                                                        ([f"--{name}"] if value is True else [f"--{name}", str(value)])])
    chosen.seed = SEED
    if chosen.images % 1000 or chosen.screen % 1000 or not 1000 <= chosen.screen <= chosen.images:
        parser.error("expected thousands with 1000 <= --screen <= --images, "
                     f"found {chosen.screen} and {chosen.images}")
    if chosen.first % 1000 or chosen.first < 0 or (chosen.only and chosen.primary):
        parser.error("expected thousands in --first, and not both --only and --primary")
    run = Run(chosen)
    left = run.print_plan()
    if chosen.plan:
        return 0
    run.draw(left)
    import report
    return report.write(run, chosen)


if __name__ == "__main__":
    sys.exit(main())
