#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The converter of checkpoints: its tables against the recordings of published code, and, where there is PyTorch,
files that torch.save wrote, on their way to a picture by the program mar.

usage: convert_checkpoint_test.py ROOT    (with the tests' environment: ARDENT_GOLDENS and ARDENT_MAR if there are)
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1]).resolve()
DATA = ROOT / "tests/data"
CONVERTER = ROOT / "examples/common/checkpoints/convert_checkpoint.py"
sys.path.insert(0, str(CONVERTER.parent))
import checkpoint_tables  # noqa: E402
import convert_checkpoint  # noqa: E402
from checkpoint_shapes import Refused  # noqa: E402

try:
    import torch
except ModuleNotFoundError:
    torch = None
    bench = ROOT / "build/bench-venv/bin/python"
    if bench.exists() and pathlib.Path(sys.executable) != bench:
        os.execv(bench, [str(bench), *sys.argv])

# recording, system, and what no shape says of it
HEADS = {"encoder_heads": 4, "decoder_heads": 4}
RECORDINGS = [("mar_tiny", "mar", HEADS), ("flowar_tiny", "flowar", HEADS), ("flowar_tiny_cross", "flowar", HEADS),
              ("xar_tiny", "xar", HEADS), ("vae_tiny", "vae", {"groups": 4}), ("harmon_tiny", "harmon", HEADS)]
# extents that no other tensor shares: classes, and words of a language model
FREE = {("mar", "class_emb.weight", 0), ("xar", "class_emb.weight", 0), ("harmon", "llm.model.embed_tokens.weight", 0)}


def read_header(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    header.pop("__metadata__", None)
    return header


def recording(stem):
    """A recording's JSON and {name: shape} of its network; None if it is not there."""
    for folder in filter(None, (DATA, os.environ.get("ARDENT_GOLDENS"))):
        path = pathlib.Path(folder, stem + ".json")
        if path.exists():
            document = json.loads(path.read_text())
            header = read_header(path.with_suffix(".safetensors"))
            return document, {name: header[name]["shape"] for name in document["state_dict_names"]}
    return None


class Tables(unittest.TestCase):
    def each(self):
        for stem, system, choices in RECORDINGS:
            found = recording(stem)
            if found is None:
                print(f"{stem}: not there, skipped")
                continue
            if system == "harmon":
                choices = choices | {"llm_config": found[0]["llm"]}
            yield stem, system, choices, *found

    def test_sizes_are_those_of_the_recordings(self):
        for stem, system, choices, document, shapes in self.each():
            described, wanted = checkpoint_tables.describe(system, shapes, choices)
            for part in set(described) - {"vae_scale"}:
                for key, value in described[part].items():
                    # harmon: no class table is read, so its rows are not known
                    if key not in document[part] or (system, key) == ("harmon", "class_num"):
                        continue
                    self.assertEqual(value, document[part][key], f"{part}.{key}")
            for key in document.get("constructor", document.get("llm")):
                training = ("mask_ratio_min", "label_drop_prob", "attn_dropout", "proj_dropout", "diffusion_batch_mul",
                            "grad_checkpointing", "use_checkpoint", "norm_layer", "buffer_size", "mlp_ratio")
                if system != "harmon" and key not in training:
                    self.assertIn(key, described["constructor"])
            for name in shapes:
                self.assertNotEqual(name in wanted, checkpoint_tables.ignored(system, name), name)

    def test_each_tensor_is_missed_and_checked(self):
        for stem, system, choices, _, shapes in self.each():
            _, wanted = checkpoint_tables.describe(system, shapes, choices)
            for name in wanted:
                less = {other: shape for other, shape in shapes.items() if other != name}
                with self.assertRaises(Refused, msg=f"{stem}: {name}"):
                    checkpoint_tables.describe(system, less, choices)
                for axis in range(len(shapes[name])):
                    if (system, name, axis) in FREE:
                        continue
                    other = list(shapes[name])
                    other[axis] += 1
                    with self.assertRaises(Refused, msg=f"{stem}: {name} {other}"):
                        checkpoint_tables.describe(system, shapes | {name: other}, choices)

    def test_messages_name_the_tensor(self):
        for stem, system, choices, _, shapes in self.each():
            name = next(name for name in reversed(shapes) if name.endswith("bias"))
            less = {other: shape for other, shape in shapes.items() if other != name}
            self.assert_refused(f"expected tensor {name}, found none", system, less, choices)
            self.assert_refused(f"expected tensor {name} to be", system, shapes | {name: [7]}, choices)
            more = shapes | {"some.thing": [1], "strange": [2]}
            self.assert_refused("found some.thing, strange", system, more, choices)
            self.assert_refused("a, b, c and 1 more", system, shapes | dict.fromkeys("abcd", [1]), choices)

    def test_what_no_shape_says_has_to_be_chosen(self):
        _, shapes = recording("mar_tiny")
        self.assert_refused("--encoder-heads", "mar", shapes, {})
        self.assert_refused("--decoder-heads to divide", "mar", shapes, HEADS | {"decoder_heads": 3})
        self.assert_refused("--patch-size", "mar", shapes, HEADS | {"patch_size": 3})
        described, _ = checkpoint_tables.describe("mar", shapes, HEADS | {"patch_size": 2, "vae_stride": 8})
        self.assertEqual(described["constructor"]["vae_embed_dim"], 4)
        self.assertEqual(described["constructor"]["img_size"], 8 * 2 * 8)
        _, shapes = recording("flowar_tiny")
        self.assert_refused("--scales", "flowar", shapes, HEADS | {"scales": [1, 2, 5]})
        described, _ = checkpoint_tables.describe("flowar", shapes, HEADS | {"scales": [1, 2, 4]})
        self.assertEqual(described["constructor"]["scale"], [1, 2, 4])
        _, shapes = recording("xar_tiny")
        self.assert_refused("--cells", "xar", shapes, HEADS | {"cells": 9})
        self.assert_refused("--cells", "xar", shapes, HEADS | {"cells": 3})
        _, shapes = recording("vae_tiny")
        self.assert_refused("--groups", "vae", shapes, {})

    def test_widths_of_published_networks_say_their_heads(self):
        for system, width, heads in (("mar", 1280, 16), ("flowar", 1536, 16), ("xar", 768, 12)):
            self.assertEqual(checkpoint_tables.heads_of(system, "encoder", width, {}), heads)

    def assert_refused(self, part, system, shapes, choices):
        with self.assertRaises(Refused) as caught:
            checkpoint_tables.describe(system, shapes, choices)
        self.assertIn(part, str(caught.exception))


@unittest.skipIf(torch is None, "there is no PyTorch")
class Files(unittest.TestCase):
    HEAD_OPTIONS = ("--encoder-heads", "4", "--decoder-heads", "4")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.checkpoint, self.out = self.folder / "checkpoint-last.pth", self.folder / "out.safetensors"

    def weights(self, stem):
        document = json.loads((DATA / f"{stem}.json").read_text())
        path = DATA / f"{stem}.safetensors"
        header, data = read_header(path), path.read_bytes()
        begin = 8 + int.from_bytes(data[:8], "little")
        return {name: torch.frombuffer(bytearray(data[begin + header[name]["data_offsets"][0]:
                                                      begin + header[name]["data_offsets"][1]]),
                                       dtype=torch.float32).reshape(header[name]["shape"])
                for name in document["state_dict_names"]}

    def run_converter(self, *arguments):
        """Exit status and what goes to standard error; in this process, as loading PyTorch takes seconds."""
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            status = convert_checkpoint.main([str(argument) for argument in arguments])
        return status, errors.getvalue()

    def convert(self, system, *options):
        self.assertEqual(self.run_converter(system, self.checkpoint, self.out, *options), (0, ""))
        self.assertEqual(list(self.folder.glob("*.partial")), [])
        return json.loads(self.out.with_suffix(".json").read_text())

    def assert_refused(self, *parts, arguments):
        before = sorted(self.folder.iterdir())
        status, errors = self.run_converter(*arguments)
        self.assertEqual((status, errors.count("\n")), (2, 1), errors)
        for part in ("error: ", "expected ", "found ", *parts):
            self.assertIn(part, errors)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def tensor(self, name, dtype):
        entry, data = read_header(self.out)[name], self.out.read_bytes()
        begin, end = (8 + int.from_bytes(data[:8], "little") + place for place in entry["data_offsets"])
        self.assertEqual(begin % dtype.itemsize, 0)
        return torch.frombuffer(bytearray(data[begin:end]), dtype=dtype).reshape(entry["shape"])

    def save_mar(self, **changes):
        weights = self.weights("mar_tiny")
        raw = {name: tensor + 1 for name, tensor in weights.items()}
        args = argparse.Namespace(model="mar_base", vae_stride=16, patch_size=1, num_sampling_steps="100")
        torch.save({"model": raw, "model_ema": weights, "optimizer": {"state": {0: {"step": 1}}}, "epoch": 399,
                    "scaler": {}, "args": args} | changes, self.checkpoint)
        return weights

    def test_the_moving_average_unless_asked_otherwise(self):
        weights = self.save_mar()
        for options, offset, source in (((), 0, "model_ema"), (("--ema",), 0, "model_ema"), (("--raw",), 1, "model")):
            document = self.convert("mar", *self.HEAD_OPTIONS, *options)
            self.assertEqual(document["source"]["weights"], source)
            self.assertEqual(read_header(self.out).keys(), weights.keys())
            for name, tensor in weights.items():
                self.assertTrue(torch.equal(self.tensor(name, torch.float32), tensor + offset), name)
        self.save_mar(model_ema=None)
        self.out.unlink()
        self.assert_refused("model_ema", "--raw", arguments=("mar", self.checkpoint, self.out, *self.HEAD_OPTIONS))

    def test_the_command_line_that_trained_it_is_read(self):
        self.save_mar(args=argparse.Namespace(vae_stride=8, patch_size=2))
        made = self.convert("mar", *self.HEAD_OPTIONS)["constructor"]
        self.assertEqual((made["img_size"], made["vae_stride"], made["patch_size"]), (128, 8, 2))
        made = self.convert("mar", *self.HEAD_OPTIONS, "--patch-size", "1")["constructor"]
        self.assertEqual((made["img_size"], made["vae_stride"], made["vae_embed_dim"]), (64, 8, 16))

    def test_formats(self):
        weights = self.save_mar()
        for dtype in (torch.float16, torch.bfloat16, torch.float32):
            self.convert("mar", *self.HEAD_OPTIONS, "--dtype", str(dtype).removeprefix("torch."))
            for name in ("z_proj.bias", "decoder_blocks.1.mlp.fc2.weight"):
                self.assertTrue(torch.equal(self.tensor(name, dtype), weights[name].to(dtype)))
        weights["z_proj.bias"] = weights["z_proj.bias"].to(torch.bfloat16)
        torch.save(weights, self.checkpoint)  # mixed, and alone in its file
        document = self.convert("mar", *self.HEAD_OPTIONS)
        self.assertEqual(document["source"]["weights"], "the only weights")
        self.assertTrue(torch.equal(self.tensor("z_proj.bias", torch.bfloat16), weights["z_proj.bias"]))
        self.assertTrue(torch.equal(self.tensor("mask_token", torch.float32), weights["mask_token"]))

    def test_safetensors_alone_and_in_parts(self):
        weights = self.save_mar()
        self.convert("mar", *self.HEAD_OPTIONS)
        first = self.folder / "model.safetensors"
        self.out.rename(first)
        self.checkpoint = first
        self.convert("mar", *self.HEAD_OPTIONS)
        self.assertEqual(self.out.read_bytes(), first.read_bytes())
        index = self.folder / "model.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": dict.fromkeys(weights, first.name)}))
        self.checkpoint = index
        self.convert("mar", *self.HEAD_OPTIONS)
        self.assertEqual(self.out.read_bytes(), first.read_bytes())
        first.write_bytes(first.read_bytes()[:-4])
        self.out.unlink()
        self.assert_refused("model.safetensors", "within the file", arguments=("mar", first, self.out))

    def test_other_systems(self):
        for stem, system, options in (("flowar_tiny", "flowar", self.HEAD_OPTIONS),
                                      ("flowar_tiny_cross", "flowar", self.HEAD_OPTIONS),
                                      ("xar_tiny", "xar", self.HEAD_OPTIONS), ("vae_tiny", "vae", ("--groups", "4"))):
            with self.subTest(stem):
                weights = self.weights(stem)
                kept = {name for name in weights if not checkpoint_tables.ignored(system, name)}
                for saved in (weights, {"model": weights}) if system == "vae" else (weights, {"model_ema": weights}):
                    torch.save(saved, self.checkpoint)
                    self.convert(system, *options)
                    self.assertEqual(read_header(self.out).keys(), kept)

    def test_what_is_refused(self):
        weights = self.save_mar()
        call = ("mar", self.checkpoint, self.out, *self.HEAD_OPTIONS)
        less = {name: tensor for name, tensor in weights.items() if name != "mask_token"}
        self.save_mar(model_ema=less)
        self.assert_refused("checkpoint-last.pth", "mask_token", arguments=call)
        self.save_mar(model_ema=weights | {"fake_latent": torch.full((1, 64), float("nan"))})
        self.assert_refused("fake_latent", "finite", arguments=call)
        self.save_mar(model_ema=weights | {"fake_latent": torch.full((1, 64), 1e6)})
        self.assert_refused("fake_latent", "float16", "1e+06", arguments=(*call, "--dtype", "float16"))
        self.save_mar(model_ema=weights | {"fake_latent": torch.ones((1, 64), dtype=torch.int64)})
        self.assert_refused("fake_latent", "int64", arguments=call)
        self.checkpoint.write_bytes(b"no checkpoint")
        self.assert_refused("checkpoint-last.pth", arguments=call)
        self.checkpoint.unlink()
        self.assert_refused("checkpoint-last.pth", "No such file", arguments=call)
        self.save_mar()
        self.assert_refused("missing", arguments=(*call[:2], self.folder / "missing/out.safetensors", *call[3:]))
        self.assert_refused(".safetensors", arguments=(*call[:2], self.folder / "out.pth", *call[3:]))
        self.convert("mar", *self.HEAD_OPTIONS)
        self.assert_refused("the same", arguments=("mar", self.out, self.out, *self.HEAD_OPTIONS))

    def test_code_in_a_checkpoint_is_not_run(self):
        class Trap:
            def __reduce__(self):
                return os.mkdir, (str(trap),)

        trap = self.folder / "trap"
        self.save_mar(epoch=Trap())
        self.assert_refused("checkpoint-last.pth", arguments=("mar", self.checkpoint, self.out, *self.HEAD_OPTIONS))
        self.assertFalse(trap.exists())

    @unittest.skipUnless("ARDENT_MAR" in os.environ, "the program mar is not part of this build")
    def test_from_checkpoints_to_a_picture(self):
        self.save_mar()
        # by its command line, once
        call = [sys.executable, CONVERTER, "mar", self.checkpoint, self.out, *self.HEAD_OPTIONS]
        self.assertIn("model_ema", subprocess.run(call, check=True, capture_output=True, text=True).stdout)
        torch.manual_seed(5)
        conv = torch.nn.Conv2d
        vae, width = torch.nn.Module(), 8

        def block():
            made = torch.nn.Module()
            made.norm1, made.conv1 = torch.nn.GroupNorm(4, width), conv(width, width, 3)
            made.norm2, made.conv2 = torch.nn.GroupNorm(4, width), conv(width, width, 3)
            return made

        vae.post_quant_conv, vae.quant_conv, vae.decoder = conv(16, 16, 1), conv(32, 32, 1), torch.nn.Module()
        decoder = vae.decoder
        decoder.conv_in, decoder.mid, decoder.up = conv(16, width, 3), torch.nn.Module(), torch.nn.ModuleList()
        decoder.mid.block_1, decoder.mid.attn_1, decoder.mid.block_2 = block(), torch.nn.Module(), block()
        decoder.mid.attn_1.norm = torch.nn.GroupNorm(4, width)
        for part in ("q", "k", "v", "proj_out"):
            setattr(decoder.mid.attn_1, part, conv(width, width, 1))
        for level in range(5):
            made = torch.nn.Module()
            made.block = torch.nn.ModuleList([block()])
            if level > 0:
                made.upsample = torch.nn.Module()
                made.upsample.conv = conv(width, width, 3)
            decoder.up.append(made)
        decoder.norm_out, decoder.conv_out = torch.nn.GroupNorm(4, width), conv(width, 3, 3)
        model, self.checkpoint, self.out = self.out, self.folder / "kl16.ckpt", self.folder / "kl16.safetensors"
        torch.save({"model": vae.state_dict()}, self.checkpoint)
        self.convert("vae", "--groups", "4")

        picture, tokens = self.folder / "mar.png", self.folder / "tokens.safetensors"
        draw = [os.environ["ARDENT_MAR"], "--weights", model, "--labels", "1,2", "--ar-steps", "3", "--steps", "3",
                "--vae", self.out]
        done = subprocess.run([*draw, "--out", picture, "--dump", tokens], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(read_header(tokens)["tokens"]["shape"], [2, 64, 16])
        header = picture.read_bytes()[:26]
        self.assertEqual(header[:8], b"\x89PNG\r\n\x1a\n")
        width, height = (int.from_bytes(header[place:place + 4], "big") for place in (16, 20))
        self.assertEqual((width, height, header[25]), (2 * 128 + 3 * 4, 128 + 2 * 4, 2))  # colour type 2: RGB
        # what does not fit
        for changed in (["--vae", model], [*draw[-2:], "--vae-config", model.with_suffix(".json")]):
            refused = subprocess.run([*draw[:-2], *changed, "--out", picture], capture_output=True, text=True)
            self.assertEqual(refused.returncode, 2)
            self.assertIn("expected", refused.stderr)
        refused = subprocess.run([*draw, "--out", self.out], capture_output=True, text=True)
        self.assertIn("the VAE's weights", refused.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
