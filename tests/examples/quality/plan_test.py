#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/quality: budgets cost what they should, and arms that are compared cost the same.

usage: plan_test.py ROOT    (with the tests' environment: ARDENT_MAR, whose grids the budgets must know)
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT, MAR = pathlib.Path(sys.argv[1]).resolve(), os.environ["ARDENT_MAR"]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "examples/quality"))
import arms  # noqa: E402
import budgets  # noqa: E402


def evaluations(steps, ar_steps, clip):
    """(denoising steps over the AR loop, evaluations of an image's tokens) that mar says it takes."""
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run([MAR, "--images", "1", "--labels", "0", "--guidance", "none", "--steps", steps, "--ar-steps",
                               str(ar_steps), "--clip", str(clip), "--threads", "1", "--out", f"{folder}/x.png"], check=True, cwd=ROOT,
                              capture_output=True, text=True).stdout
    words = next(line for line in said.splitlines() if line.startswith("network evaluations:")).split()
    return int(words[2]), int(words[7])


class FakePrograms:
    """table() as mar has it, for the annealings that the plan asks for without a clip."""

    def __init__(self):
        masked = [48, 47, 45, 42, 38, 34, 29, 24, 18, 12, 6, 0]  # what 12 AR steps leave of 49 tokens
        self.tokens = {arms.QUARTER: [a - b for a, b in zip([49, *masked], masked)], arms.ALL: [1] * arms.ALL}

    def table(self, ar_steps, annealing, steps, clip=950):
        upper, _, lower = steps.partition(":")
        u, l, last = int(upper), int(lower or upper), ar_steps - 1
        shares = [i / last for i in range(ar_steps)]
        shape = {"cosine": lambda s: s * s, "two-stage": lambda s: float(s >= 0.5)}.get(annealing, lambda s: s)
        return [budgets.effective(round(u + (l - u) * shape(s)), clip) for s in shares], self.tokens[ar_steps]


def calibrated(ar_steps, count):
    """Some table of the right length."""
    return [27 if count == "tokens" else 22] * ar_steps


class Effective(unittest.TestCase):
    def test_it_is_what_the_program_takes(self):
        for steps in (1, 2, 5, 10, 20, 21, 50, 100, 200, 1000):
            for clip in (950, 999, 400):
                with self.subTest(steps=steps, clip=clip):
                    self.assertEqual(evaluations(str(steps), 1, clip)[0], budgets.effective(steps, clip))

    def test_without_a_clip_it_is_what_is_asked_for(self):
        self.assertEqual([budgets.effective(k, 999) for k in range(1, 1001)], list(range(1, 1001)))


class Costs(unittest.TestCase):
    def test_it_is_what_the_program_says(self):
        table = "29,30,43,21,35,23,18,21,26,29,29,21"
        steps, evaluated = evaluations(table, 12, 950)
        tokens = FakePrograms().tokens[arms.QUARTER]
        numbers = [int(k) for k in table.split(",")]
        self.assertEqual(budgets.cost(numbers, tokens, "steps"), steps)
        self.assertAlmostEqual(49 * budgets.cost(numbers, tokens, "tokens"), evaluated)

    def test_an_even_table_keeps_to_its_share_at_every_ar_step(self):
        tokens = [1, 1, 2, 3, 4, 4, 5, 5, 6, 6, 6, 6]
        for count in ("steps", "tokens"):
            for target in (7.3, 20.6, 33.9):
                whole = target * (len(tokens) if count == "steps" else 1)
                table = budgets.even(whole, tokens, count)
                weights = budgets.weights_of(tokens, count)
                so_far = wanted = 0.0
                for k, w in zip(table, weights):
                    so_far, wanted = so_far + w * budgets.effective(k), wanted + whole * w / sum(weights)
                    # the grid may jump over a number, so two steps at the most
                    self.assertLessEqual(abs(so_far - wanted), 2 * max(weights))
                self.assertLessEqual(max(table) - min(table), 3)


class Arms(unittest.TestCase):
    def setUp(self):
        self.plan = arms.Plan(FakePrograms(), calibrated)

    def cost(self, name, count="tokens"):
        arm = self.plan.arms[name]
        steps = arm.steps.split(",")
        tokens = self.plan.programs.tokens[arm.ar_steps]
        table = [int(k) for k in steps] if len(steps) > 1 else \
            self.plan.programs.table(arm.ar_steps, arm.annealing, arm.steps, clip=999)[0]
        return budgets.cost(table, tokens, count)

    def test_rivals_cost_the_same(self):
        for n in (arms.ALL, arms.QUARTER):
            linear = self.cost(f"{n} linear")
            for rival in ("constant", "mirrored"):
                self.assertLess(abs(self.cost(f"{n} {rival}") / linear - 1), 0.03, f"{n} {rival}")
        for name in self.plan.tables["shapes"]:
            self.assertLess(abs(self.cost(name) / self.cost("12 linear") - 1), 0.03, name)
        linear = self.cost("12 linear", "steps")
        for rival in ("constant", "mirrored"):
            self.assertLess(abs(self.cost(f"12 {rival}, equal steps", "steps") / linear - 1), 0.01, rival)

    def test_budgets_are_met(self):
        for name in self.plan.tables["budgets"]:
            budget = float(name.rsplit(" ", 1)[1])
            self.assertLess(abs(self.cost(name) / budget - 1), 0.04, name)

    def test_mirrored_rises(self):
        for n in (arms.ALL, arms.QUARTER):
            table = [int(k) for k in self.plan.arms[f"{n} mirrored"].steps.split(",")]
            self.assertEqual(table, sorted(table))
            self.assertLess(table[0], table[-1])

    def test_every_hypothesis_has_its_arms_and_all_its_images(self):
        for _, first, second, sign in arms.HYPOTHESES:
            self.assertIn(sign, (-1, 1))
            self.assertTrue(self.plan.arms[first].primary and self.plan.arms[second].primary)

    def test_only_what_an_arm_is_named_for_differs(self):
        base = self.plan.arms[arms.BASELINE]
        for name, arm in self.plan.arms.items():
            if arm.clip != base.clip:
                self.assertIn("no clip", name)
            if arm.guidance_scale != base.guidance_scale:
                self.assertIn("guidance", name)
            self.assertNotIn("seed", arm.options())

    def test_a_shorter_run_has_what_the_hypotheses_need(self):
        short = arms.Plan(FakePrograms(), calibrated, only_primary=True)
        self.assertEqual(list(short.tables), ["primary"])
        self.assertEqual([short.arms[name] for name in short.tables["primary"]],
                         [self.plan.arms[name] for name in self.plan.tables["primary"]])
        for _, first, second, _ in arms.HYPOTHESES:
            self.assertLessEqual({first, second, arms.BASELINE}, short.arms.keys())

    def test_named_arms_are_judged_beside_the_baseline(self):
        name = "6 constant 40, bf16 head"
        judged = arms.Plan(FakePrograms(), calibrated, only=[name])
        self.assertEqual(judged.tables, {"judged": [arms.BASELINE, name]})
        for each in (arms.BASELINE, name):
            self.assertEqual(judged.arms[each].options(), self.plan.arms[each].options())
            self.assertTrue(judged.arms[each].primary)
        with self.assertRaisesRegex(SystemExit, "found '6 constant'"):
            arms.Plan(FakePrograms(), calibrated, only=[name, "6 constant"])

    def test_no_two_arms_are_the_same(self):
        options = [tuple(sorted(arm.options().items())) for arm in self.plan.arms.values()]
        self.assertEqual(len(options), len(set(options)))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
