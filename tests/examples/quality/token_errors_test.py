#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program token_errors, on the shipped model: what it measures, and what it refuses.

usage: token_errors_test.py ROOT    (with the tests' environment: ARDENT_MAR, ARDENT_TOKEN_ERRORS)
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1]).resolve()
MAR, TOKEN_ERRORS = os.environ["ARDENT_MAR"], os.environ["ARDENT_TOKEN_ERRORS"]
IMAGES, DRAWS, REFERENCE = 2, 40, 20


class TokenErrors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.prefixes = pathlib.Path(cls.folder.name, "prefixes.safetensors")
        subprocess.run([MAR, "--images", str(IMAGES), "--guidance", "none", "--steps", "20", "--quiet", "--dump",
                        cls.prefixes, "--threads", "1"], check=True, cwd=ROOT)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_on(self, settings, **more):
        """(exit status, errors, what it wrote or None)"""
        asked, out = pathlib.Path(self.folder.name, "asked.json"), pathlib.Path(self.folder.name, "out.json")
        out.unlink(missing_ok=True)
        asked.write_text(settings if isinstance(settings, str) else json.dumps(settings))
        options = {"prefixes": self.prefixes, "settings": asked, "out": out, "images": IMAGES, "draws": DRAWS,
                   "reference-steps": REFERENCE, "threads": 1} | more
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        ran = subprocess.run([TOKEN_ERRORS, *words], cwd=ROOT, capture_output=True, text=True)
        return ran.returncode, ran.stderr, json.loads(out.read_text()) if out.is_file() else None

    def test_distances_fall_with_steps_to_the_floor(self):
        every = list(range(6))
        status, errors, found = self.run_on({"ar_steps": 6, "clip": 950, "settings": [
            {"solver": "ddpm", "steps": k, "at": every} for k in (2, 5, REFERENCE)] + [
            {"solver": "ddim", "steps": 2, "at": [3]}]})
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(sum(found["ar_tokens"]), 49)
        self.assertEqual([len(found["floor"]), len(found["floor"][0])], [6, IMAGES])
        shapes = [(s["solver"], s["at"], len(s["energy"]), len(s["energy"][0])) for s in found["settings"]]
        self.assertEqual(shapes, [("ddpm", every, 6, IMAGES)] * 3 + [("ddim", [3], 1, IMAGES)])

        def mean(energy):
            return sum(n * sum(e) / IMAGES for n, e in zip(found["ar_tokens"], energy)) / 49
        two, five, same = (mean(s["energy"]) for s in found["settings"][:3])
        floor = mean(found["floor"])
        self.assertGreater(two, 3 * five)
        self.assertGreater(five, 3 * abs(floor))
        # with the reference's own steps it is the floor but for chance: both are unbiased about 0
        self.assertLess(abs(same), five / 3)

    def test_refusals(self):
        good = {"ar_steps": 6, "clip": 950, "settings": [{"solver": "ddpm", "steps": 2, "at": [5]}]}
        bad = {
            "AR steps below 6": good | {"settings": [{"solver": "ddpm", "steps": 2, "at": [6]}]},
            '"solver"': good | {"settings": [{"steps": 2, "at": [0]}]},
            "ddpm": good | {"settings": [{"solver": "none", "steps": 2, "at": [0]}]},
            '"settings"': {"ar_steps": 6, "clip": 950},
            "ar_steps": good | {"ar_steps": 50},
            "JSON": "{",
        }
        for word, settings in bad.items():
            with self.subTest(word):
                status, errors, found = self.run_on(settings)
                self.assertEqual((status, found), (2, None))
                self.assertIn("expected", errors)
                self.assertIn(word, errors)
        status, errors, found = self.run_on(good, images=3)
        self.assertEqual((status, found), (2, None))
        self.assertIn("expected at most the 2 of --prefixes, found 3", errors)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
