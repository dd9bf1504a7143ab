#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One drawing by many processes: the same files, bit for bit, as by one; processes that are killed and started again;
what is refused. With mpirun where there is one.

usage: shards_test.py    (with the tests' environment: ARDENT_MAR, ARDENT_FLOWAR, ARDENT_XAR, ARDENT_HARMON)
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

LABELLED = ["--labels", "balanced", "--images", "11", "--seed", "5"]
PROGRAMS = {
    "ARDENT_FLOWAR": [*LABELLED, "--steps", "3:2"],
    "ARDENT_XAR": [*LABELLED, "--steps", "3:2"],
    "ARDENT_MAR": [*LABELLED, "--steps", "4:2", "--ar-steps", "3"],
    "ARDENT_HARMON": ["--untrained", "3", "--ids", "1,2,3", "--ids", "4,5", "--unconditional-ids", "6",
                      "--images-per-prompt", "5", "--steps", "3:2", "--ar-steps", "3"],
}
# each image takes long enough to be killed in; one thread, so that both ranks get on
SLOW = ["--labels", "balanced", "--images", "16", "--steps", "25:15", "--threads", "1", "--batch", "1"]
ENGINES = ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE", "SLURM_PROCID", "SLURM_NTASKS")
BARE = {name: value for name, value in os.environ.items() if name not in ENGINES}


def ranked(rank, size, pair=ENGINES[:2]):
    return BARE | {pair[0]: str(rank), pair[1]: str(size)}


def contents(folder):
    """{name: (bytes, inode)} of a folder's files, but its drawing.json."""
    return {file.name: (file.read_bytes(), file.stat().st_ino) for file in pathlib.Path(folder).iterdir()
            if file.name != "drawing.json"}


def bytes_of(folder):
    return {name: content for name, (content, _) in contents(folder).items()}


class Shards(unittest.TestCase):
    once = None

    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)

    def run_program(self, variable, *words, env=None, ok=True):
        done = subprocess.run([os.environ[variable], *map(str, words)], env=env or BARE, capture_output=True, text=True)
        if ok:
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done

    def refused(self, *words, parts, env=None):
        done = self.run_program("ARDENT_FLOWAR", *words, env=env, ok=False)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(done.stderr.count("\n"), 1)
        for part in parts:
            self.assertIn(part, done.stderr)

    def whole(self, variable, words, *more):
        """All outputs of one process, by name."""
        names = ["out", "dump"] + ["out-npz"] * (variable != "ARDENT_HARMON")  # untrained: no pictures
        targets = {name: self.folder / f"{variable}-{len(more)}-{name}" for name in names}
        self.run_program(variable, *words, *more, "--quiet",
                         *(word for name, file in targets.items() for word in ("--" + name, file)))
        return {name: file.read_bytes() for name, file in targets.items()}

    def slow_once(self):
        """What one process draws of SLOW: its outputs as whole() has them, and its pictures."""
        if Shards.once is None:
            pictures = self.folder / "once"
            Shards.once = self.whole("ARDENT_FLOWAR", SLOW, "--out-folder", pictures), bytes_of(pictures)
        return Shards.once

    def test_shards_together_are_what_one_process_draws(self):
        for variable, words in PROGRAMS.items():
            with self.subTest(variable):
                parts, pictures = self.folder / (variable + "-parts"), self.folder / (variable + "-pictures")
                harmon = variable == "ARDENT_HARMON"
                outputs = ["--out-shards", parts, *([] if harmon else ["--out-folder", pictures])]
                for rank in (2, 0, 1):
                    self.run_program(variable, *words, *outputs, "--batch", rank + 1, "--threads", 3 - rank, "--quiet",
                                     env=ranked(rank, 3, ENGINES[2 * rank:2 * rank + 2]))
                self.assertEqual(self.whole(variable, words, "--out-shards", parts, "--gather"),
                                 self.whole(variable, words))
                if not harmon:
                    self.run_program(variable, *words, "--quiet", "--out-folder", self.folder / variable)
                    self.assertEqual(bytes_of(pictures), bytes_of(self.folder / variable))
                    # made again of the parts alone
                    (pictures / "000003.png").unlink()
                    (pictures / "000010.png").write_bytes(b"\x89PNG")
                    self.run_program(variable, *words, "--quiet", *outputs, "--gather")
                    self.assertEqual(bytes_of(pictures), bytes_of(self.folder / variable))

    def test_what_is_said(self):
        words = [*PROGRAMS["ARDENT_FLOWAR"], "--out-shards", self.folder / "parts"]
        said = self.run_program("ARDENT_FLOWAR", *words, env=ranked(1, 2)).stdout
        self.assertIn("shard 1/2 (OMPI_COMM_WORLD_RANK 1, OMPI_COMM_WORLD_SIZE 2): images 5 to 10 of 11\n", said)
        # the option stands before the variables
        said = self.run_program("ARDENT_FLOWAR", *words, "--shard", "3/4", env=ranked(1, 2)).stdout
        self.assertIn("shard 3/4 (--shard): images 8 to 10 of 11\n3 of 3 images are there already\n", said)
        self.assertNotIn("images/s", said)  # nothing was drawn
        said = self.run_program("ARDENT_FLOWAR", *words, "--shard", "0/20").stdout
        self.assertIn("shard 0/20 (--shard): images none of 11\n", said)
        said = self.run_program("ARDENT_FLOWAR", *words).stdout
        self.assertNotIn("shard ", said)
        self.assertIn("6 of 11 images are there already\n", said)
        self.assertIn("tokens 770/770", said)  # progress counts them

    def test_refusals(self):
        words, parts = PROGRAMS["ARDENT_FLOWAR"], self.folder / "parts"
        two = ranked(0, 2)
        for option in ("--out", "--out-npz", "--dump"):
            self.refused(*words, option, self.folder / "o", "--out-shards", parts, env=two,
                         parts=[option, "--gather", "OMPI_COMM_WORLD_SIZE 2"])
        self.refused(*words, env=two, parts=["--out-shards", "shard 0/2"])
        self.refused(*words, "--shard", "2/2", parts=["--shard"])
        self.refused(*words, env=ranked(2, 2), parts=["OMPI_COMM_WORLD_RANK", "--shard 0/1"])
        self.refused(*words, "--gather", parts=["--gather", "--out-shards"])
        self.refused(*words, "--gather", "--out-shards", parts, env=ranked(1, 2), parts=["--gather", "shard 1/2"])
        self.refused(*words, "--gather", "--out-shards", parts, "--shard", "0/2", parts=["--gather", "shard 0/2"])
        self.refused(*words, "--out-shards", self.folder / "nowhere/parts", parts=["nowhere"])
        self.refused(*words, "--gather", "--out-shards", parts, parts=["parts", "drawing.json"])
        self.assertEqual(list(self.folder.iterdir()), [])

        for rank, env in ((0, two), (1, ranked(1, 2))):
            self.run_program("ARDENT_FLOWAR", *words, "--out-shards", parts, "--out-folder", self.folder / "pictures",
                             env=env)
        for folder in (("--out-shards", parts), ("--out-folder", self.folder / "pictures")):
            before = contents(folder[1])
            for more, said in ((["--guidance-scale", "3"], "found --guidance-scale 3"),
                               (["--threads", "1", "--guidance", "none"], "found --guidance none")):
                self.refused(*words, *more, *folder, env=two, parts=["drawing.json", said])
            other = [word if word != "11" else "12" for word in words]
            self.refused(*other, *folder, env=two, parts=["expected images 11", "found images 12"])
            new = "--out-folder" if folder[0] == "--out-shards" else "--out-shards"
            self.refused(*words, "--guidance-scale", "4", *folder, new, self.folder / "new", env=two,
                         parts=["found --guidance-scale 4"])
            self.assertFalse((self.folder / "new").exists())
            self.assertEqual(contents(folder[1]), before)
        # a model of the same name and size whose weights differ
        source = pathlib.Path(os.environ["ARDENT_TEST_DATA"]).parents[1] / "models/fashion_flowar/fashion_flowar"
        weights = bytearray(source.with_suffix(".safetensors").read_bytes())
        weights[-2] ^= 1
        (self.folder / "fashion_flowar.safetensors").write_bytes(weights)
        shutil.copy(source.with_suffix(".json"), self.folder)
        self.refused(*words, "--weights", self.folder / "fashion_flowar.safetensors", "--out-shards", parts, env=two,
                     parts=["drawing.json", "fingerprint"])
        # the folder of something else, and without --shard any
        (self.folder / "mine").mkdir()
        (self.folder / "mine/note").write_text("mine")
        self.refused(*words, "--out-shards", self.folder / "mine", env=two, parts=["mine", "drawing.json"])
        self.refused(*words, "--out-folder", self.folder / "pictures", parts=["pictures", "empty"])

        gather = [*words, "--out-shards", parts, "--gather", "--out-npz", self.folder / "all.npz"]
        last = parts / "images-000005-000010.safetensors"
        last.rename(self.folder / "kept")
        (parts / ".ardent-7-0-images-000005-000010.safetensors.tmp").write_bytes(b"half")
        self.refused(*gather, parts=["expected all 11 images, found 5; missing are 5 to 10"])
        # somebody may still be at work
        self.assertTrue((parts / ".ardent-7-0-images-000005-000010.safetensors.tmp").exists())
        shutil.copy(self.folder / "kept", last)
        shutil.copy(last, parts / "images-000006-000010.safetensors")
        self.refused(*gather, parts=["image 6 in images-000005-000010.safetensors too"])
        self.assertFalse((self.folder / "all.npz").exists())

    def killed(self, command, env, parts, victim):
        """Runs until `victim()` has drawn something, kills it and waits for all. Returns what was there then."""
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            end = time.monotonic() + 120
            while not (found := victim(running)):
                self.assertLess(time.monotonic(), end, "nothing was drawn")
                self.assertIsNone(running.poll(), "it ended before it could be killed")
                time.sleep(0.002)
            os.kill(found, signal.SIGKILL)
            self.assertNotEqual(running.wait(120), 0)
        return {name: one for name, one in contents(parts).items() if name.startswith("images-")}

    def check_resumed(self, parts, before):
        """Nothing that was there was drawn again, and nothing unfinished is left."""
        after = contents(parts)
        self.assertEqual({name: after.get(name) for name in before}, before)
        self.assertEqual([name for name in after if name.startswith(".")], [])

    def test_killed_and_resumed(self):
        parts, program = self.folder / "parts", os.environ["ARDENT_FLOWAR"]
        words = [*SLOW, "--out-shards", str(parts)]

        def victim(running):
            return running.pid if list(parts.glob("images-*")) else None

        before = self.killed([program, *words], ranked(1, 2), parts, victim)
        self.assertTrue(before)
        self.assertLess(len(before), 8)
        # what a process leaves that is killed while it writes; the other shard's is not ours to remove
        (parts / ".ardent-7-0-images-000012-000012.safetensors.tmp").write_bytes(b"half")
        theirs = parts / ".ardent-7-0-images-000000-000000.safetensors.tmp"
        theirs.write_bytes(b"half")
        done = self.run_program("ARDENT_FLOWAR", *words, env=ranked(1, 2))
        self.assertIn(f"{len(before)} of 8 images are there already", done.stdout)
        self.assertTrue(theirs.exists())
        theirs.unlink()
        self.check_resumed(parts, before)
        # the rest by another number of shards, in other batches
        middle = contents(parts)
        for rank in range(3):
            self.run_program("ARDENT_FLOWAR", *words[:-4], "--batch", "3", *words[-2:], env=ranked(rank, 3))
        self.check_resumed(parts, middle)
        self.assertEqual(self.whole("ARDENT_FLOWAR", SLOW, "--out-shards", parts, "--gather"), self.slow_once()[0])

    @unittest.skipUnless(shutil.which("mpirun"), "no mpirun (Debian: openmpi-bin)")
    def test_mpirun(self):
        parts, pictures = self.folder / "parts", self.folder / "pictures"
        # each rank writes down its process before it becomes the program
        command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2", "sh", "-c",
                   'echo $$ >"$0.$OMPI_COMM_WORLD_RANK" && exec "$@"', str(self.folder / "rank"),
                   os.environ["ARDENT_FLOWAR"], *SLOW, "--out-shards", str(parts), "--out-folder", str(pictures)]

        def victim(_):
            if not list(parts.glob("images-000000-*")) or not list(parts.glob("images-000008-*")):
                return None
            return int((self.folder / "rank.1").read_text())

        before = self.killed(command, BARE, parts, victim)
        self.assertLess(len(before), 16, "all was drawn before a rank was killed")
        done = subprocess.run(command, env=BARE, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for rank in range(2):
            self.assertIn(f"shard {rank}/2 (OMPI_COMM_WORLD_RANK {rank}, OMPI_COMM_WORLD_SIZE 2): images "
                          f"{8 * rank} to {8 * rank + 7} of 16", done.stdout)
        self.check_resumed(parts, before)
        self.assertEqual((self.whole("ARDENT_FLOWAR", SLOW, "--out-shards", parts, "--gather"), bytes_of(pictures)),
                         self.slow_once())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
