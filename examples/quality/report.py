# SPDX-License-Identifier: Apache-2.0
"""Tables, in Markdown, of what was drawn."""
import functools

import numpy

import arms
import budgets
import classifiers
import measures
from programs import ROOT


def signed(value, interval, digits):
    return f"{value:+.{digits}f} ({interval[0]:+.{digits}f} to {interval[1]:+.{digits}f})"


class Report:
    """The measures of every arm, each beside baseline A on the same images."""

    def __init__(self, run):
        self.run = run
        self.eyes = classifiers.Eyes(run.folder)
        self.real, _, self.real_labels = self.eyes.real("t10k")
        self.frechet, self.kid = measures.Frechet(self.real), measures.Kid(self.real)
        self.train, _, self.train_labels = self.eyes.real("train")
        self.seen = {}

    def see(self, name, images):
        """(features, right, labels) of an arm's first images."""
        arm = self.run.plan.arms[name]
        if name not in self.seen:
            pictures, labels, steps, _ = self.run.store.read(arm, self.run.images(arm))
            asked, _ = self.run.programs.table(arm.ar_steps, arm.annealing, arm.steps, clip=999)
            if [budgets.effective(k, arm.clip) for k in asked] != list(steps):
                raise RuntimeError(f"{name}: the program took {list(steps)} steps, not what was planned")
            features, guessed = self.eyes.see(pictures)
            self.seen[name] = features, guessed == labels, labels
        return tuple(x[:images] for x in self.seen[name])

    def rows(self, names):
        """A line for each arm."""
        for name in names:
            arm = self.run.plan.arms[name]
            images = self.run.images(arm)
            features, right, labels = self.see(name, images)
            base, base_right, _ = self.see(arms.BASELINE, images)
            compare = measures.Comparison(labels)
            margin = measures.margin(self.frechet(base), self.floors(images))
            change, around = compare.difference(self.frechet, features, base)
            kid, kid_around = compare.difference(self.kid, features, base)
            share, share_around = compare.share(right, base_right)
            evaluations, steps = self.run.cost(arm)
            yield (f"| {name} | {images} | {evaluations:.1f} | {steps} | {self.frechet(features):.2f} "
                   f"| {signed(change, around, 2)} | {'yes' if around[1] < margin else 'no'} (margin {margin:.2f}) "
                   f"| {signed(kid, kid_around, 2)} "
                   f"| {measures.per_class(features, labels, self.real, self.real_labels):.1f} "
                   f"| {right.mean():.3f} | {signed(share, share_around, 3)} |")

    def hypotheses(self):
        """What was expected, and what was found."""
        for said, first, second, sign in arms.HYPOTHESES:
            images = self.run.primary
            a, _, labels = self.see(first, images)
            b, _, _ = self.see(second, images)
            change, around = measures.Comparison(labels).difference(self.frechet, a, b)
            held = around[1] < 0 if sign < 0 else around[0] > 0
            against = around[0] > 0 if sign < 0 else around[1] < 0
            verdict = "holds" if held else "the opposite holds" if against else "not decided"
            yield f"| {said} | {signed(change, around, 2)} | {verdict} |"

    @functools.cache
    def floors(self, images):
        """Distances of as many real training images as an arm has."""
        return measures.floors(self.frechet, self.train, self.train_labels, images)

    def floor(self, images):
        """Their mean and spread."""
        found = self.floors(images)
        return f"| {images} | {numpy.mean(found):.2f} | {numpy.std(found, ddof=1):.2f} | {len(found)} |"


HEAD = ("| arm | images | evaluations a token | steps over the AR loop | Frechet distance | less A's (95 %) "
        "| not worse than A | KID x 1000, less A's (95 %) | per class | accuracy | less A's (95 %) |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|")


def write(run, chosen):
    """The report as a file."""
    report = Report(run)
    lines = ["# Speed against quality on the shipped MAR", "",
             f"Written by `quality.py`; model {run.programs.model_id()}, seeds from 7000 on. Names of arms: AR steps, then "
             "denoising steps. Without a word on it: DDPM, clip at 950, no guidance, temperature 1.", "",
             "| real images | Frechet distance | standard deviation | sets |", "|---|---|---|---|"]
    lines += [report.floor(n) for n in sorted({run.screen, run.primary})]
    lines += ["", "| expected | difference of Frechet distances (95 %) | |", "|---|---|---|", *report.hypotheses()]
    for table, names in run.plan.tables.items():
        lines += ["", f"## {table}", "", HEAD, *report.rows(names)]
    out = chosen.out or (run.folder / "report.md" if run.quick else ROOT / "docs" /
                         "evidence_quality.md")
    out.write_text("\n".join(lines) + "\n")
    print(f"wrote {out}")
    return 0
