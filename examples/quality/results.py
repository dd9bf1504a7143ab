# SPDX-License-Identifier: Apache-2.0
"""What the drawn images say of each arm, beside another one on the same images."""
import dataclasses
import functools

import arms
import classifiers
import measures


@dataclasses.dataclass(frozen=True)
class Beside:
    """An arm beside a baseline. Of a difference the 95 % interval follows."""
    images: int
    frechet: float
    change: float
    around: tuple
    margin: float
    kid: float
    kid_around: tuple
    per_class: float
    accuracy: float
    accuracy_change: float
    accuracy_around: tuple

    @property
    def passes(self):
        """Not worse than the baseline: the whole interval lies below the margin."""
        return self.around[1] < self.margin


class Results:
    """Reads what a run has drawn."""

    def __init__(self, run):
        self.run = run
        self.eyes = classifiers.Eyes(run.folder)
        self.real, _, self.real_labels = self.eyes.real("t10k")
        self.frechet, self.kid = measures.Frechet(self.real), measures.Kid(self.real)
        self.train, _, self.train_labels = self.eyes.real("train")

    @functools.cache
    def see(self, name):
        """(features, right, labels) of an arm's images."""
        arm = self.run.plan.arms[name]
        pictures, labels, steps, _ = self.run.store.read(arm, self.run.images(arm))
        if self.run.steps(name) != [int(k) for k in steps]:
            raise RuntimeError(f"{name}: the program took {list(steps)} steps, not what was planned")
        features, guessed = self.eyes.see(pictures)
        return features, guessed == labels, labels

    @functools.cache
    def floors(self, images):
        """Distances of as many real training images as an arm has."""
        return measures.floors(self.frechet, self.train, self.train_labels, images)

    @functools.cache
    def beside(self, name, baseline=arms.BASELINE, first=0):
        """An arm beside a baseline, on all images that both have from the first one on."""
        last = min(len(self.see(name)[0]), len(self.see(baseline)[0]))
        features, right, labels = (x[first:last] for x in self.see(name))
        base_right = self.see(baseline)[1][first:last]
        frechet, resampled_frechet = self.resampled("frechet", name, first, last)
        base_frechet, base_resampled = self.resampled("frechet", baseline, first, last)
        kid, resampled_kid = self.resampled("kid", name, first, last)
        base_kid, base_resampled_kid = self.resampled("kid", baseline, first, last)
        share, share_around = measures.Comparison(labels).share(right, base_right)
        return Beside(last - first, frechet, frechet - base_frechet,
                      measures.interval(resampled_frechet - base_resampled),
                      measures.margin(base_frechet, self.floors(last - first)), kid - base_kid,
                      measures.interval(resampled_kid - base_resampled_kid),
                      measures.per_class(features, labels, self.real, self.real_labels), float(right.mean()), share,
                      share_around)

    @functools.cache
    def resampled(self, measure, name, first, last):
        """(a measure of an arm's images, the same of each resample). Labels, and so the resamples, are those of all
        arms."""
        features, _, labels = (x[first:last] for x in self.see(name))
        of = getattr(self, measure)
        return of(features), of.resampled(features, measures.Comparison(labels).weights)

    def fresh(self, name):
        """The first image by which an arm may be judged: of those that were chosen after the screening, one after it."""
        return self.run.screen if name in arms.CHOSEN else 0

    def cheapest(self, names, baseline):
        """Of arms that are not worse than another, the one that costs least by the run's trial; None if there is none."""
        good = [name for name in names if name == baseline or self.beside(name, baseline, self.fresh(name)).passes]
        return min(good, key=self.run.seconds, default=None)

