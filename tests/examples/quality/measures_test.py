#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/quality: distances against closed forms and brute force, intervals against what is known of them, and the
arithmetic of Amdahl's bound.

usage: measures_test.py ROOT

Skipped (exit code 77) without NumPy and PyTorch, of which build/bench-venv's will do.
"""
import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(sys.argv[1]).resolve()

try:
    import numpy
    import torch  # noqa: F401  # the classifiers' module asks for it
except ModuleNotFoundError as error:
    other = ROOT / "build/bench-venv/bin/python"
    if other.is_file() and pathlib.Path(sys.prefix) != other.parent.parent:
        os.execv(other, [str(other), "-B", *sys.argv])
    print(f"skipped: {error}")
    sys.exit(77)

sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "examples/quality"))
import measures  # noqa: E402
import times  # noqa: E402
import token_distances  # noqa: E402

RANDOM = numpy.random.default_rng(7)


class Frechet(unittest.TestCase):
    def test_of_gaussians_whose_covariances_commute(self):
        # |m|^2 + sum (s_a - s_b)^2, of samples whose moments are made exact
        def exact(mean, deviations, n=500):
            x = RANDOM.standard_normal((n, 3))
            x -= x.mean(0)
            x = x @ numpy.linalg.inv(numpy.linalg.cholesky(numpy.cov(x.T))).T
            return x * deviations + mean
        a, b = exact([1, 2, 3], [1, 2, 0.5]), exact([1, 0, 3], [3, 2, 1])
        self.assertAlmostEqual(measures.Frechet(b)(a), 4 + 4 + 0 + 0.25, places=6)

    def test_weights_are_repetitions(self):
        x = RANDOM.standard_normal((40, 5))
        weights = RANDOM.integers(0, 4, 40).astype(float)
        mean, covariance = measures.weighted_moments(x, weights)
        repeated = numpy.repeat(x, weights.astype(int), axis=0)
        numpy.testing.assert_allclose(mean, repeated.mean(0), atol=1e-12)
        numpy.testing.assert_allclose(covariance, numpy.cov(repeated.T), atol=1e-12)


class Kid(unittest.TestCase):
    def test_it_is_the_sum_over_pairs(self):
        x, y = RANDOM.standard_normal((30, 4)), RANDOM.standard_normal((50, 4)) + 0.3
        scale = 1 / numpy.sqrt((y**2).mean())

        def kernel(a, b):
            return (a @ b * scale**2 / 4 + 1)**3
        within_x = numpy.mean([kernel(x[i], x[j]) for i in range(30) for j in range(30) if i != j])
        within_y = numpy.mean([kernel(y[i], y[j]) for i in range(50) for j in range(50) if i != j])
        across = numpy.mean([kernel(a, b) for a in x for b in y])
        self.assertAlmostEqual(measures.Kid(y)(x), 1000 * (within_x + within_y - 2 * across), delta=0.01)


class Bootstrap(unittest.TestCase):
    labels = numpy.repeat(numpy.arange(4), 50)

    def test_each_resample_has_as_many_of_each_label(self):
        counts = measures.resamples(self.labels, 20, 1)
        for label in range(4):
            self.assertTrue((counts[:, self.labels == label].sum(1) == 50).all())

    def test_an_arm_beside_itself_differs_by_nothing(self):
        right = RANDOM.random(200) < 0.8
        change, around = measures.Comparison(self.labels).share(right, right)
        self.assertEqual((change, *around), (0, 0, 0))

    def test_the_interval_of_a_share_covers_it_as_often_as_it_says(self):
        covered = 0
        for trial in range(200):
            draw = numpy.random.default_rng(trial)
            right, base = draw.random(200) < 0.8, draw.random(200) < 0.7
            _, (low, high) = measures.Comparison(self.labels, 200, trial).share(right, base)
            covered += low <= 0.1 <= high
        # 95 % of 200, less what 200 resamples blur; 178 is four standard deviations below
        self.assertGreaterEqual(covered, 178)

    def test_a_pair_has_a_narrower_interval_than_two_sets(self):
        x = RANDOM.standard_normal((200, 3))
        measure = measures.Frechet(RANDOM.standard_normal((500, 3)))

        def width(other):
            weights = measures.Comparison(self.labels).weights
            low, high = measures.interval(measure.resampled(x, weights) - measure.resampled(other, weights))
            return high - low
        self.assertLess(width(x + 0.05 * RANDOM.standard_normal((200, 3))), width(RANDOM.standard_normal((200, 3))) / 3)


class Margin(unittest.TestCase):
    def test_it_is_two_percent_or_the_floors_spread(self):
        self.assertAlmostEqual(measures.margin(100, [1, 1.1, 0.9]), 2)
        self.assertAlmostEqual(measures.margin(1, [1, 3]), 2**0.5)

    def test_floors_are_of_disjoint_sets_of_equal_classes(self):
        features, labels = numpy.arange(100.0)[:, None], numpy.arange(100) % 10
        seen = []
        measures.floors(lambda x: seen.append(x.ravel()) or 0.0, features, labels, 30)
        self.assertEqual(len(seen), 3)
        self.assertEqual(len(set(numpy.concatenate(seen))), 90)
        for one in seen:
            self.assertEqual(sorted(one.astype(int) % 10), sorted(list(range(10)) * 3))


class Amdahl(unittest.TestCase):
    def test_bound(self):
        base = times.Cost(head=8, backbone=2)
        self.assertEqual(times.bound(base, 1, 1), 10)
        self.assertEqual(times.bound(base, 0.25, 0.5), 3)

    def test_median_keeps_parts_together(self):
        costs = [times.Cost(5, 1), times.Cost(1, 2), times.Cost(2, 2)]
        self.assertEqual(times.median(costs), times.Cost(2, 2))


class TokenRequest(unittest.TestCase):
    def test_each_pair_of_solver_and_steps_is_asked_for_once(self):
        asked = token_distances.request({"a": [50, 20, 20], "b": [20, 20, 5], "c": [20, 20, 20]},
                                        {"a": "ddpm", "b": "ddpm", "c": "ddim"})
        self.assertEqual(asked["settings"], [
            {"solver": "ddim", "steps": 20, "at": [0, 1, 2]}, {"solver": "ddpm", "steps": 5, "at": [2]},
            {"solver": "ddpm", "steps": 20, "at": [0, 1, 2]}, {"solver": "ddpm", "steps": 50, "at": [0]}])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
