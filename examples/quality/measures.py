# SPDX-License-Identifier: Apache-2.0
"""Distances between sets of features, and what is sure about their differences.

All arms draw the same images (label, order, starting noise), so a difference is resampled by drawing the same images
again for both: a paired bootstrap, within labels because their numbers are chosen and not random.
"""
import numpy

import programs  # noqa: F401  # finds published
from published.quality_bench import frechet, moments


def weighted_moments(features, weights):
    """Mean and covariance of features [n, d] that occur weights [n] times."""
    count = weights.sum()
    mean = weights @ features / count
    second = features.T @ (features * weights[:, None])
    return mean, (second - count * numpy.outer(mean, mean)) / (count - 1)


def resamples(labels, count, seed):
    """How often each of n images occurs in each of `count` resamples, [count, n]."""
    generator = numpy.random.default_rng(seed)
    out = numpy.zeros((count, len(labels)))
    for label in numpy.unique(labels):
        of = numpy.flatnonzero(labels == label)
        out[:, of] = generator.multinomial(len(of), numpy.full(len(of), 1 / len(of)), count)
    return out


def signed(value, around, digits):
    """A difference and its interval in words."""
    return f"{value:+.{digits}f} ({around[0]:+.{digits}f} to {around[1]:+.{digits}f})"


def interval(values):
    """95 %."""
    return tuple(float(x) for x in numpy.percentile(values, (2.5, 97.5)))


class Frechet:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) to real features (Heusel et al., arXiv 1706.08500)."""

    def __init__(self, real):
        self.real = moments(real)

    def __call__(self, features):
        return frechet(moments(features), self.real)

    def resampled(self, features, weights):
        return numpy.array([frechet(weighted_moments(features, w), self.real) for w in weights])


class Kid:
    """The squared maximum mean discrepancy with the kernel (x . y / d + 1)^3, unbiased (Binkowski et al., arXiv
    1801.01401), times 1000. Features are divided by the root mean square of the real ones: the kernel has a scale."""

    def __init__(self, real, most=10000):
        self.scale = 1 / numpy.sqrt((real**2).mean())
        self.real = (real[:most] * self.scale).astype(numpy.float32)
        self.within = self.pairs(self.real, numpy.ones((1, len(self.real)), numpy.float32))[0]

    @staticmethod
    def kernel(x, y):
        return (x @ y.T / numpy.float32(x.shape[1]) + numpy.float32(1))**3

    def pairs(self, x, weights):
        """Mean kernel of two different ones of x, for each row of weights."""
        total = numpy.zeros(len(weights))
        for first in range(0, len(x), 1000):
            part = self.kernel(x[first:first + 1000], x)
            rows = numpy.arange(len(part))
            part[rows, first + rows] = 0
            total += ((weights[:, first:first + 1000] @ part).astype(numpy.float64) * weights).sum(1)
        weights = weights.astype(numpy.float64)
        return total / (weights.sum(1)**2 - (weights**2).sum(1))

    def resampled(self, features, weights):
        x, weights = (features * self.scale).astype(numpy.float32), weights.astype(numpy.float32)
        to_real = numpy.concatenate([self.kernel(part, self.real).mean(1, dtype=numpy.float64)
                                     for part in numpy.array_split(x, max(1, len(x) // 1000))])
        cross = weights @ to_real / weights.sum(1)
        return 1000 * (self.within + self.pairs(x, weights) - 2 * cross)

    def __call__(self, features):
        return float(self.resampled(features, numpy.ones((1, len(features))))[0])


def per_class(features, labels, real, real_labels):
    """Mean over labels of the Frechet distance within the label."""
    return float(numpy.mean([frechet(moments(features[labels == label]), moments(real[real_labels == label]))
                             for label in numpy.unique(labels)]))


class Comparison:
    """An arm's images beside a baseline's, the same ones."""

    def __init__(self, labels, resampled=300, seed=1):
        self.labels = labels
        self.weights = resamples(labels, resampled, seed)

    def share(self, right, baseline):
        """(difference, its 95 % interval) of shares of right images."""
        found = self.weights @ (right.astype(float) - baseline) / self.weights.sum(1)
        return float(right.mean() - baseline.mean()), interval(found)


def margin(baseline, floors):
    """What an arm may be worse by and still count as good: 2 % of the baseline's distance, at least the standard
    deviation of real images' own distance over disjoint sets of them."""
    return max(0.02 * baseline, float(numpy.std(floors, ddof=1)))


def floors(measure, features, labels, count):
    """Distances of disjoint sets of `count` real training images, as many of each label as can be."""
    of = [numpy.flatnonzero(labels == label) for label in numpy.unique(labels)]
    each = count // len(of)
    sets = min(len(o) for o in of) // each
    return [measure(features[numpy.concatenate([o[i * each:(i + 1) * each] for o in of])]) for i in range(sets)]
