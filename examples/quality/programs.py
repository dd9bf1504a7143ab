# SPDX-License-Identifier: Apache-2.0
"""The programs that draw and measure, as functions."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmarks"))

from published.quality_bench import tensors  # noqa: E402  # beside the benchmarks


def shipped():
    """The model that is drawn with where no other is named: its tensors and its sizes."""
    stem = ROOT / "models" / "fashion_mar" / "fashion_mar"
    return stem.with_suffix(".safetensors"), stem.with_suffix(".json")


def words(options):
    """Command-line words of {name: value}."""
    return [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]


class Programs:
    """mar, profile and token_errors of a build folder, for one model."""

    def __init__(self, build, weights=None, vae=None):
        self.build = pathlib.Path(build)
        self.weights, self.vae = weights, vae
        for name in ("mar", "profile", "token_errors"):
            if not os.access(self.path(name), os.X_OK):
                sys.exit(f"quality.py: expected the program {self.path(name)}, found none: ./dev quality builds it")

    def path(self, name):
        folder = {"mar": "mar", "profile": "profile", "token_errors": "quality"}[name]
        return self.build / "examples" / folder / name

    def of_model(self):
        """Options that say what draws tokens."""
        return {"weights": self.weights} if self.weights else {}

    def of_pictures(self):
        """And those that say what makes pictures of them."""
        return self.of_model() | ({"vae": self.vae} if self.vae else {})

    def model_id(self):
        """A hash of the model's files."""
        files = [self.weights or shipped()[0], *filter(None, [self.vae])]
        return hashlib.sha256(b"".join(pathlib.Path(file).read_bytes() for file in files)).hexdigest()[:12]

    def draw(self, **options):
        """What mar draws: (pictures uint8 [n, height, width, channels], labels, steps, ar_tokens, its report)."""
        with tempfile.TemporaryDirectory() as folder:
            dump, pictures = pathlib.Path(folder, "tokens.safetensors"), pathlib.Path(folder, "pictures.npz")
            said = subprocess.run([self.path("mar"), *words(self.of_pictures() | options), "--dump", dump, "--out-npz",
                                   pictures], check=True, capture_output=True, text=True, cwd=ROOT).stdout
            drawn = tensors(dump)
            return (numpy.load(pictures)["arr_0"], drawn["labels"].copy(), drawn["steps"].copy(),
                    drawn["ar_tokens"].copy(), said)

    def table(self, ar_steps, annealing, steps, clip=950):
        """(denoising steps of each AR step, tokens of each): what mar makes of these words."""
        options = {"ar_steps": ar_steps, "steps": steps, "clip": clip, "labels": 0, "images": 1, "guidance": "none",
                   "threads": 1}
        if annealing:
            options["annealing"] = annealing
        _, _, taken, ar_tokens, _ = self.draw(**options)
        return [int(k) for k in taken], [int(n) for n in ar_tokens]

    def seconds(self, **options):
        """(all, head, backbone) of a drawing, as mar reports them."""
        found = re.search(r"([\d.]+) s: ([\d.]+) s in the head, ([\d.]+) s in the backbone", self.draw(**options)[4])
        return tuple(float(x) for x in found.groups())

    def dump(self, path, **options):
        """Tokens that mar draws, in a file."""
        subprocess.run([self.path("mar"), *words(self.of_model() | options), "--quiet", "--dump", path], check=True,
                       cwd=ROOT)

    def profile(self, path, **options):
        """What profile writes."""
        if not path.is_file():
            subprocess.run([self.path("profile"), *words(self.of_model() | options), "--own-prefixes", "--json", path],
                           check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        return json.loads(path.read_text())

    def token_errors(self, path, request, **options):
        """What token_errors writes; drawn once for a request."""
        asked = path.with_suffix(".request.json")
        if not (path.is_file() and asked.is_file() and json.loads(asked.read_text()) == request):
            asked.write_text(json.dumps(request))
            subprocess.run([self.path("token_errors"), *words(self.of_model() | options), "--settings", asked, "--out",
                            path], check=True, cwd=ROOT)
        return json.loads(path.read_text())
