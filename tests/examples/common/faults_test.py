#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that are interrupted, and disks and memory that run out: nothing half-written, nothing left behind, one line
of error, and what was begun can be gone on with.

usage: faults_test.py plain|sanitized    (how the programs are built; with the tests' environment: ARDENT_MAR,
ARDENT_FLOWAR, ARDENT_XAR, ARDENT_HARMON, ARDENT_TEST_DATA)
"""
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import tiny_models

MODELS = tempfile.TemporaryDirectory()
VAE = str(tiny_models.vae(MODELS.name, latents=16))
# each image takes long enough to be interrupted in; one thread, so that images come one after the other
ALONE = ["--threads", "1", "--batch", "1"]
SLOW = {
    "ARDENT_FLOWAR": ["--labels", "balanced", "--images", "16", "--steps", "25:15", *ALONE],
    "ARDENT_MAR": ["--labels", "balanced", "--images", "16", "--steps", "20:10", "--ar-steps", "12", *ALONE],
    "ARDENT_XAR": ["--labels", "balanced", "--images", "16", "--steps", "8:6", *ALONE],
    "ARDENT_HARMON": ["--untrained", "1", "--images-per-prompt", "16", "--steps", "20:10", "--ar-steps", "24",
                      "--vae", VAE, *ALONE],
}
# the same, of two images as quick as can be
QUICK = {
    "ARDENT_FLOWAR": ["--labels", "3,1", "--steps", "3:2", *ALONE],
    "ARDENT_MAR": ["--labels", "3,1", "--steps", "3:2", "--ar-steps", "3", *ALONE],
    "ARDENT_XAR": ["--labels", "3,1", "--steps", "3:2", *ALONE],
    "ARDENT_HARMON": ["--untrained", "1", "--images-per-prompt", "2", "--steps", "3:2", "--ar-steps", "3", "--vae",
                      VAE, *ALONE],
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SANITIZED = sys.argv[1] == "sanitized"
CUT_SHORT = (b"error: an input file: expected it to stay as it is while it is read, found it shorter (or its disk "
             b"failed)\n")


def bytes_of(folder):
    """{name: content} of all files in and below a folder."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


class Faults(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)

    def start(self, variable, *words, env=None):
        return subprocess.Popen([os.environ[variable], *map(str, words)], env=env, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def wait_for(self, running, found):
        end = time.monotonic() + 120
        while not found():
            self.assertLess(time.monotonic(), end, "nothing was drawn")
            self.assertIsNone(running.poll(), "it ended before it could be interrupted")
            time.sleep(0.002)

    def interrupt(self, running, with_signal):
        """Sends a signal; the program ends by it and complains of nothing."""
        running.send_signal(with_signal)
        _, errors = running.communicate(timeout=60)
        self.assertEqual(running.returncode, -with_signal, errors)
        self.assertNotIn(b"error", errors)
        self.assertNotIn(b"anitizer", errors)

    def finished(self, variable, *words):
        running = self.start(variable, *words)
        output, errors = running.communicate(timeout=300)
        self.assertEqual((running.returncode, errors), (0, b""))
        return output.decode()

    def test_interrupted_files_are_as_if_it_had_never_run(self):
        for variable, words in SLOW.items():
            for number in SIGNALS if variable == "ARDENT_FLOWAR" else SIGNALS[:1]:
                with self.subTest(variable, signal=number.name):
                    folder = self.folder / f"{variable}-{number.name}"
                    folder.mkdir()
                    (folder / "old.npz").write_bytes(b"old")
                    running = self.start(variable, *words, "--out", folder / "o.png", "--out-npz", folder / "old.npz",
                                         "--dump", folder / "d.safetensors", "--out-folder", folder / "pictures",
                                         *self.geneval(variable, folder))
                    # the array is begun: there is something to leave behind
                    self.wait_for(running, lambda: list(folder.glob("pictures/*.png")))
                    self.assertTrue(list(folder.glob(".ardent-*.tmp")))
                    self.interrupt(running, number)
                    left = bytes_of(folder)
                    pictures = {name: left.pop(name) for name in list(left) if name.endswith(".png")}
                    if variable == "ARDENT_HARMON":  # begun with the first of its pictures, perhaps not yet
                        self.assertIn(left.pop("geneval/00000/metadata.jsonl", b""), (b"", b'{"prompt":"a test"}\n'))
                    self.assertEqual(left, {"old.npz": b"old"})
                    drawn = [name for name in pictures if name.startswith("pictures/")]
                    self.assertLess(len(drawn), 16, "all was drawn before it was interrupted")
                    for name, picture in pictures.items():
                        self.assertRegex(name, r"^(pictures/0000\d\d|geneval/00000/samples/00\d\d)\.png$")
                        self.assertTrue(picture.startswith(b"\x89PNG") and picture.endswith(b"IEND\xaeB`\x82"), name)

    def test_interrupted_shards_are_whole_and_gone_on_with(self):
        for variable, words in SLOW.items():
            with self.subTest(variable):
                parts, once = self.folder / (variable + "-parts"), self.folder / (variable + "-once")
                words = [*words[:3], "6", *words[4:]]
                running = self.start(variable, *words, "--out-shards", parts)
                self.wait_for(running, lambda: list(parts.glob("images-*")))
                self.interrupt(running, signal.SIGINT)
                before = bytes_of(parts)
                self.assertIn("drawing.json", before)
                self.assertEqual([name for name in before if name.startswith(".")], [])
                count = len(before) - 1
                self.assertTrue(1 <= count < 6)
                said = self.finished(variable, *words, "--out-shards", parts)
                self.assertIn(f"{count} of 6 images are there already", said)
                self.finished(variable, *words, "--out-shards", once)
                after = bytes_of(parts)
                self.assertEqual({name: after[name] for name in before}, before)
                self.assertEqual(after, bytes_of(once))

    def test_ignored_signals_stay_ignored(self):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        try:
            running = self.start("ARDENT_FLOWAR", *SLOW["ARDENT_FLOWAR"][:2], "--images", "3",
                                 *SLOW["ARDENT_FLOWAR"][4:], "--out-folder", self.folder / "pictures", "--quiet")
        finally:
            signal.signal(signal.SIGHUP, before)
        self.wait_for(running, lambda: list(self.folder.glob("pictures/*.png")))
        running.send_signal(signal.SIGHUP)
        _, errors = running.communicate(timeout=120)
        self.assertEqual((running.returncode, errors), (0, b""))
        self.assertEqual(len(bytes_of(self.folder)), 3)

    def limited(self, variable, words, limits):
        """Runs a program under limits {resource: bytes}. Returns its status and standard error."""

        def restrict():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write then fails half way, as on a full disk
            for which, most in limits.items():
                resource.setrlimit(which, (most, most))

        done = subprocess.run([os.environ[variable], *map(str, words)], capture_output=True, preexec_fn=restrict)
        return done.returncode, done.stderr.decode(errors="replace")

    def check_refusal(self, status, errors):
        self.assertEqual(status, 2, errors)
        self.assertTrue(errors.startswith("error: "), errors)
        self.assertEqual(errors.count("\n"), 1, errors)

    def geneval(self, variable, folder):
        return ["--out-geneval", folder / "geneval"] if variable == "ARDENT_HARMON" else []

    def outputs(self, variable, folder):
        folder.mkdir()
        (folder / "old.png").write_bytes(b"old")
        return ["--quiet", "--out", folder / "old.png", "--out-npz", folder / "a.npz", "--dump", folder / "d",
                "--out-folder", folder / "pictures", *self.geneval(variable, folder)]

    def test_a_disk_that_fills_up_at_any_place(self):
        for variable, quick in QUICK.items():
            whole = self.folder / f"{variable}-whole"
            self.finished(variable, *quick, *self.outputs(variable, whole))
            good = bytes_of(whole)
            sizes = sorted({len(content) for content in good.values()})
            # nothing fits, each file but the smaller ones, half of one
            limits = sorted({0, 1, *(size - 1 for size in sizes), *(size // 2 for size in sizes)})
            for limit in limits:
                with self.subTest(variable, limit=limit):
                    folder = self.folder / f"{variable}-{limit}"
                    words = [*quick, *self.outputs(variable, folder)]
                    self.check_refusal(*self.limited(variable, words, {resource.RLIMIT_FSIZE: limit}))
                    for name, content in bytes_of(folder).items():  # what is there is whole, or as it was
                        self.assertIn(content, (good[name], b"old"), name)
                        self.assertTrue(content != b"old" or name == "old.png")
            with self.subTest(variable, limit="large enough"):
                folder = self.folder / f"{variable}-enough"
                words = [*quick, *self.outputs(variable, folder)]
                self.assertEqual(self.limited(variable, words, {resource.RLIMIT_FSIZE: sizes[-1]}), (0, ""))
                self.assertEqual(bytes_of(folder), good)

    def test_shards_on_a_full_disk_are_gone_on_with(self):
        for variable, quick in QUICK.items():
            with self.subTest(variable):
                once, parts = self.folder / f"{variable}-once", self.folder / f"{variable}-parts"
                words = [*quick, "--quiet", "--out-shards"]
                self.finished(variable, *words, once)
                size = max(len(content) for name, content in bytes_of(once).items() if name != "drawing.json")
                self.check_refusal(*self.limited(variable, [*words, parts], {resource.RLIMIT_FSIZE: size - 1}))
                self.assertEqual(set(bytes_of(parts)), {"drawing.json"})
                self.finished(variable, *words, parts)
                self.assertEqual(bytes_of(parts), bytes_of(once))

    def test_weights_that_are_cut_short_while_it_draws(self):
        # harmon reads a prompt's embeddings from the mapped file for each batch
        weights = tiny_models.harmon(self.folder, os.environ["ARDENT_TEST_DATA"])
        whole, vae = weights.read_bytes(), tiny_models.vae(self.folder, latents=3)
        words = ["--weights", weights, "--ids", "3,4,5", "--unconditional-ids", "1,2", "--image-size", "128",
                 "--images-per-prompt", "32", "--ar-steps", "16", "--steps", "50:50", "--quiet", *ALONE]
        parts = self.folder / "parts"
        # a sanitizer's own handler says more, but ends otherwise
        env = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_sigbus=0"}
        running = self.start("ARDENT_HARMON", *words, "--out-shards", parts, "--vae", vae, "--out-npz",
                             self.folder / "a.npz", env=env)
        self.wait_for(running, lambda: list(parts.glob("images-*")))
        self.assertTrue(list(self.folder.glob(".ardent-*.tmp")))
        os.truncate(weights, 0)
        output, errors = running.communicate(timeout=120)
        self.assertEqual((running.returncode, output, errors), (2, b"", CUT_SHORT))
        self.assertEqual([name for name in bytes_of(self.folder) if ".ardent-" in name or name == "a.npz"], [])
        before = bytes_of(parts)
        self.assertTrue(1 < len(before) < 33)
        weights.write_bytes(whole)
        self.finished("ARDENT_HARMON", *words, "--out-shards", parts, "--vae", vae)
        after = bytes_of(parts)
        self.assertEqual({name: after[name] for name in before}, before)
        self.assertEqual(len(after), 33)

    @unittest.skipIf(SANITIZED, "a sanitizer's own memory is beyond any limit")
    def test_memory_that_runs_out_at_any_place(self):
        variable, whole = "ARDENT_FLOWAR", self.folder / "whole"
        self.finished(variable, *QUICK[variable], *self.outputs(variable, whole))
        good, refused, drawn = bytes_of(whole), 0, 0
        for limit in range(6_000_000, 50_000_000, 1_000_000):  # bytes of address space
            with self.subTest(limit=limit):
                folder = self.folder / str(limit)
                status, errors = self.limited(variable, [*QUICK[variable], *self.outputs(variable, folder)],
                                              {resource.RLIMIT_AS: limit})
                if status != 0 and self.limited(variable, ["--help"], {resource.RLIMIT_AS: limit})[0] != 0:
                    continue  # too little for any program to begin
                if status == 0:
                    drawn += 1
                    self.assertEqual(bytes_of(folder), good)
                    continue
                refused += 1
                self.check_refusal(status, errors)
                for name, content in bytes_of(folder).items():
                    self.assertIn(content, (good[name], b"old"), name)
        self.assertGreater(refused, 0)
        self.assertGreater(drawn, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
