#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ardent_torch, built here, against the same head and sampler in plain PyTorch; and what it refuses.

usage: ardent_torch_test.py ROOT

Skipped (exit code 77) without PyTorch, of which build/bench-venv's will do. The first run compiles for a minute or two,
into build/torch.
"""
import pathlib
import sys
import unittest

import package

ROOT = pathlib.Path(sys.argv[1]).resolve()
package.want_pytorch(ROOT)
import numpy  # noqa: E402
import torch  # noqa: E402

package.want_ardent_torch(ROOT)
import ardent_torch  # noqa: E402
from named_head import CHANNELS, CONDITION, WIDTH, Loop, Named, in_pytorch, made, noise_for  # noqa: E402


def philox_normals(seed, image, position, ar_step, step, domain, channels):
    """[rows, channels]: the normal numbers of these keys, computed from the documentation of ardent's packing."""
    rows = len(image)
    out = numpy.empty((rows, (channels + 3) // 4 * 4))
    for q in range(out.shape[1] // 4):
        c = [numpy.asarray(word, numpy.uint64) * numpy.ones(rows, numpy.uint64)
             for word in (image, position, (ar_step << 16 | step) if domain else 0, domain << 24 | q)]
        low, high = seed & 0xFFFFFFFF, seed >> 32
        for _ in range(10):
            p0, p1 = c[0] * numpy.uint64(0xD2511F53), c[2] * numpy.uint64(0xCD9E8D57)
            half, mask = numpy.uint64(32), numpy.uint64(0xFFFFFFFF)
            c = [p1 >> half ^ c[1] ^ numpy.uint64(low), p1 & mask, p0 >> half ^ c[3] ^ numpy.uint64(high), p0 & mask]
            low, high = (low + 0x9E3779B9) & 0xFFFFFFFF, (high + 0xBB67AE85) & 0xFFFFFFFF
        for i in (0, 2):
            radius = numpy.sqrt(-2 * numpy.log((c[i].astype(float) + 0.5) / 2**32))
            angle = 2 * numpy.pi * (c[i + 1] >> numpy.uint64(8)).astype(float) / 2**24
            out[:, 4 * q + i], out[:, 4 * q + i + 1] = radius * numpy.cos(angle), radius * numpy.sin(angle)
    return torch.tensor(out[:, :channels], dtype=torch.float32)


class Tokens(unittest.TestCase):
    """The same noise gives the tokens of plain PyTorch."""

    def check(self, net, head, tokens, steps, cfg, temperature=1.0, latest=950, within=1e-4, of_largest=False, **how):
        ours = ardent_torch.diffusion_head(net, annealing=str(steps), grid_clip=latest, **how)
        channels, condition_width = head.input.in_features, head.condition.in_features
        z = torch.randn(tokens * (1 if cfg == 1.0 else 2), condition_width)
        noise = noise_for(tokens, channels, len(ours.timesteps()))
        expected = in_pytorch(head, steps, latest, z, cfg, temperature, noise)
        found = ours.sample(z, temperature, cfg, noise=noise)
        self.assertEqual(list(found.shape), [len(z), channels])
        self.assertEqual(found.dtype, torch.float32)
        if cfg != 1.0:
            self.assertTrue(torch.equal(found[:tokens], found[tokens:]))
        self.assertGreater(expected.std(), 0.1)  # it is not all alike
        scale = expected.abs().max() if of_largest else 1.0
        self.assertLess((found[:tokens] - expected).abs().max(), within * scale)

    def test_guided(self):
        net = made()
        for tokens, steps, cfg, temperature in ((1, 50, 3.0, 1.0), (7, 20, 2.5, 0.7), (90, 5, 0.0, 1.0)):
            self.check(net, net.head, tokens, steps, cfg, temperature)

    def test_unguided(self):
        net = made()
        for tokens, steps in ((1, 2), (5, 27), (65, 4)):
            self.check(net, net.head, tokens, steps, 1.0)

    def test_from_the_last_training_step(self):
        # x0 = 20291 (x - epsilon) there, which magnifies what is rounded and, with random weights, the tokens
        net = made()
        self.check(net, net.head, 4, 20, 2.0, latest=None, of_largest=True)

    def test_bfloat16_storage(self):
        net = made()
        self.check(net, net.head, 9, 20, 3.0, within=0.2, storage="bfloat16")
        with self.assertRaises(AssertionError):  # it is another storage
            self.check(net, net.head, 9, 20, 3.0, within=1e-5, storage="bfloat16")

    def test_half_precision_in(self):
        net = made().to(torch.bfloat16)
        ours = ardent_torch.diffusion_head(net, annealing="10")
        z = torch.randn(6, CONDITION).to(torch.bfloat16)
        noise = noise_for(3, CHANNELS, len(ours.timesteps()))
        found = ours.sample(z, 1.0, 2.0, noise=noise)
        expected = in_pytorch(net.float().head, 10, 950, z.float(), 2.0, 1.0, noise)
        self.assertEqual(found.dtype, torch.float32)
        self.assertLess((found[:3] - expected).abs().max(), 1e-4)

    def test_shipped_head_from_a_state_dict(self):
        from published import tensors
        state = {name: torch.tensor(values) for name, values in
                 tensors.read(ROOT / "models/fashion_mar/fashion_mar.safetensors").items()}
        net = Named(16, 192, 3, 128).eval()
        net.load_state_dict({name[len("diffloss.net."):]: values for name, values in state.items()
                             if name.startswith("diffloss.net.")})
        self.check(state, net.head, 12, 50, 2.0)

    def test_strided_z(self):
        ours = ardent_torch.diffusion_head(made(), annealing="5")
        wide = torch.randn(8, 2 * CONDITION)
        noise = noise_for(4, CHANNELS, len(ours.timesteps()))
        self.assertTrue(torch.equal(ours.sample(wide[:, ::2], 1.0, 2.0, noise=noise),
                                    ours.sample(wide[:, ::2].contiguous(), 1.0, 2.0, noise=noise)))

    def test_weights_that_change(self):
        net, other = made(), made(seed=2)
        ours = ardent_torch.diffusion_head(net, annealing="5")
        z, noise = torch.randn(4, CONDITION), noise_for(2, CHANNELS, len(ours.timesteps()))
        before = ours.sample(z, 1.0, 2.0, noise=noise)
        net.load_state_dict(other.state_dict())
        expected = ardent_torch.diffusion_head(other, annealing="5").sample(z, 1.0, 2.0, noise=noise)
        self.assertFalse(torch.equal(before, expected))
        self.assertTrue(torch.equal(ours.sample(z, 1.0, 2.0, noise=noise), expected))


class Loops(unittest.TestCase):
    """Annealing and noise over the AR steps of an image."""

    TOKENS, AR_STEPS = 16, 5

    def setUp(self):
        self.net = made()
        torch.manual_seed(3)
        self.model = Loop(self.net, self.TOKENS, CHANNELS, CONDITION)
        self.orders = torch.rand(3, self.TOKENS).argsort(dim=1)

    def test_as_published(self):
        """`sample` in its place: annealed, and the tokens of PyTorch with as many steps and the same noise."""
        ours = ardent_torch.diffusion_head(self.net, annealing="20:4", grid_clip=950)
        self.model.diffloss.sample = ours.sample
        asked, noises = [], []

        def given(z, temperature, cfg, step, mask):
            evaluations = len(ours.timesteps(step, self.AR_STEPS))
            noises.append(noise_for(len(z) // 2, CHANNELS, evaluations))
            return ours.sample(z, temperature, cfg, noise=noises[-1])

        def published(z, temperature, cfg, step, mask):
            asked.append(20 - 4 * step)  # linear over 5 AR steps
            tokens = in_pytorch(self.net.head, asked[-1], 950, z, cfg, temperature, noises[step])
            return torch.cat([tokens, tokens])
        ours.begin(ar_steps=self.AR_STEPS)
        found = self.model.sample_tokens(3, self.AR_STEPS, 2.0, orders=self.orders, sample=given)
        expected = self.model.sample_tokens(3, self.AR_STEPS, 2.0, orders=self.orders, sample=published)
        self.assertEqual(asked, [20, 16, 12, 8, 4])
        self.assertLess((found - expected).abs().max(), 1e-4)

    def test_seeds(self):
        ours = ardent_torch.diffusion_head(self.net, annealing="6:2")
        self.model.diffloss.sample = ours.sample

        def draw(seed):
            ours.begin(ar_steps=self.AR_STEPS, seed=seed)
            return self.model.sample_tokens(3, self.AR_STEPS, 2.0, orders=self.orders)
        self.assertTrue(torch.equal(draw(5), draw(5)))
        self.assertFalse(torch.equal(draw(5), draw(6)))
        torch.manual_seed(7)
        once = draw(None)
        self.assertFalse(torch.equal(draw(None), once))
        torch.manual_seed(7)
        self.assertTrue(torch.equal(draw(None), once))

    def test_constant_annealing_needs_no_count(self):
        self.model.diffloss.sample = ardent_torch.diffusion_head(self.net, annealing="4").sample
        torch.manual_seed(7)
        once = self.model.sample_tokens(2, self.AR_STEPS, 2.0)
        torch.manual_seed(7)
        self.assertTrue(torch.equal(self.model.sample_tokens(2, self.AR_STEPS, 2.0), once))
        self.assertGreater(once.std(), 0.1)

    def test_image_of_a_batch(self):
        """With masks, bit for bit the image alone, whose index first_image says."""
        ours = ardent_torch.diffusion_head(self.net, annealing="6:2")

        def keyed(z, temperature, cfg, step, mask):
            return ours.sample(z, temperature, cfg, mask=mask)
        ours.begin(ar_steps=self.AR_STEPS, seed=11)
        batch = self.model.sample_tokens(3, self.AR_STEPS, 2.0, orders=self.orders, sample=keyed)
        for image in range(3):
            ours.begin(ar_steps=self.AR_STEPS, seed=11, first_image=image)
            alone = self.model.sample_tokens(1, self.AR_STEPS, 2.0, orders=self.orders[image:image + 1], sample=keyed)
            self.assertTrue(torch.equal(alone[0], batch[image]), image)

    def test_keys_of_generate(self):
        """Noise keyed by (seed, image, position, AR step, denoising step), as random/philox.hpp documents."""
        ours = ardent_torch.diffusion_head(self.net, annealing="6:2")
        mask = torch.zeros(2, self.TOKENS, dtype=torch.bool)
        mask[0, [1, 7]] = mask[1, [2, 3, 15]] = True
        seed, first_image, ar_step = 0x123456789ABCDEF0, 40, 2
        ours.begin(ar_steps=self.AR_STEPS, seed=seed, first_image=first_image)
        place = {"ar_step": ar_step, "ar_steps": self.AR_STEPS}
        image, position = (words.numpy() for words in mask.nonzero(as_tuple=True))
        evaluations = len(ours.timesteps(ar_step, self.AR_STEPS))

        def normals(image, position, step, domain):
            return philox_normals(seed, image, position, ar_step, step, domain, CHANNELS)

        def noise(image, position):
            draws = [normals(image, position, k, 1) for k in range(evaluations)]
            return normals(image, position, 0, 0), torch.stack(draws)
        z = torch.randn(10, CONDITION)
        for masks in (mask, torch.cat([mask, mask])):
            found = ours.sample(z, 1.0, 2.0, mask=masks, **place)
            expected = ours.sample(z, 1.0, 2.0, noise=noise(image + first_image, position), **place)
            self.assertLess((found - expected).abs().max(), 1e-4)
        found = ours.sample(z, 1.0, 2.0, **place)  # without a mask
        expected = ours.sample(z, 1.0, 2.0, noise=noise(numpy.full(5, ar_step), numpy.arange(5)), **place)
        self.assertLess((found - expected).abs().max(), 1e-4)

    def test_annealings(self):
        def steps(annealing):
            ours = ardent_torch.diffusion_head(self.net, annealing=annealing, grid_clip=None)
            return [len(ours.timesteps(i, self.AR_STEPS)) for i in range(self.AR_STEPS)]
        self.assertEqual(steps("50"), [50] * 5)
        self.assertEqual(steps("50:10"), [50, 40, 30, 20, 10])
        self.assertEqual(steps("cosine 50:10")[::4], [50, 10])
        self.assertEqual(sorted(set(steps("two_stage 50:10"))), [10, 50])
        self.assertEqual(steps(lambda ar_step, ar_steps: ar_steps - ar_step), [5, 4, 3, 2, 1])
        clipped = ardent_torch.diffusion_head(self.net, annealing="50")
        self.assertEqual((len(clipped.timesteps()), clipped.timesteps()[0], clipped.timesteps()[-1]), (48, 950, 0))


class Refusals(unittest.TestCase):
    """What was expected, and what was found."""

    def setUp(self):
        self.net = made()
        self.head = ardent_torch.diffusion_head(self.net, annealing="5:2")
        self.z = torch.randn(4, CONDITION)

    def refused(self, kind, *parts, call):
        with self.assertRaises(kind) as caught:
            call()
        for part in ("expected", *parts):
            self.assertIn(part, str(caught.exception))

    def test_arguments(self):
        self.head.begin(ar_steps=3)
        for parts, change in (
                (("float32", "torch.float64"), {"z": self.z.double()}),
                (("cpu", "meta"), {"z": self.z.to("meta")}),
                ((f"[rows, {CONDITION}]", f"[4, {CONDITION - 1}]"), {"z": self.z[:, 1:]}),
                ((f"[rows, {CONDITION}]", f"[2, 2, {CONDITION}]"), {"z": self.z.view(2, 2, -1)}),
                (("cfg 2.0", "3 rows"), {"z": self.z[:3]}),
                (("temperature", "-1"), {"temperature": -1.0}),
                (("cfg", "nan"), {"cfg": float("nan")}),
                (("ar_step", "3"), {"ar_step": 3, "ar_steps": 3}),
                (("both", "None"), {"ar_step": 0}),
                (("torch.bool", "torch.float32"), {"mask": torch.ones(1, 2)}),
                (("2 tokens", "found 3"), {"mask": torch.ones(1, 3, dtype=torch.bool)}),
                ((f"[2, {CHANNELS}]", "[4, 1]"), {"noise": (torch.zeros(4, 1), torch.zeros(5, 2, CHANNELS))}),
                ((f"[5, 2, {CHANNELS}]", "torch.float64"),
                 {"noise": (torch.zeros(2, CHANNELS), torch.zeros(5, 2, CHANNELS).double())})):
            with self.subTest(found=parts[-1]):
                self.refused(ValueError, *parts, call=lambda change=change: self.head.sample(
                    **{"z": self.z, "temperature": 1.0, "cfg": 2.0, **change}))

    def test_gradients(self):
        self.head.begin(ar_steps=3)
        z = self.z.clone().requires_grad_()
        self.refused(RuntimeError, "no_grad", call=lambda: self.head.sample(z, 1.0, 2.0))
        with torch.no_grad():
            self.assertFalse(self.head.sample(z, 1.0, 2.0).requires_grad)

    def test_ar_steps(self):
        self.refused(RuntimeError, "begin(", call=lambda: self.head.sample(self.z, 1.0, 2.0))
        self.head.begin(ar_steps=2)
        self.assertEqual(list(self.head.sample(self.z[:0], 1.0, 2.0).shape), [0, CHANNELS])
        self.head.sample(self.z, 1.0, torch.tensor([2.0]))
        self.refused(RuntimeError, "2 AR steps", call=lambda: self.head.sample(self.z, 1.0, 2.0))
        self.refused(ValueError, "AR steps", "0", call=lambda: self.head.begin(ar_steps=0))

    def test_parameters(self):
        def refused(change, *parts):
            state = dict(made().state_dict())
            change(state)
            self.refused(ValueError, *parts, call=lambda: ardent_torch.diffusion_head(state, annealing="5"))
        refused(lambda state: state.pop("res_blocks.1.mlp.2.bias"), "res_blocks.1.mlp.2.bias", "none")
        refused(lambda state: state.update(extra=torch.zeros(1)), "extra")
        refused(lambda state: state.update({"cond_embed.bias": torch.zeros(3)}), "cond_embed.bias", f"[{WIDTH}]", "[3]")
        refused(lambda state: state.update({"cond_embed.bias": torch.zeros(WIDTH, dtype=torch.int32)}), "torch.int32")
        refused(lambda state: state.update({"input_proj.weight": torch.zeros(3)}), "matrix", "[3]")
        refused(lambda state: state.update({"final_layer.linear.weight": torch.zeros(CHANNELS, WIDTH)}),
                f"[{2 * CHANNELS}, {WIDTH}]")
        refused(lambda state: [state.pop(name) for name in list(state) if name.startswith("res_blocks")], "block")
        refused(lambda state: state.clear(), "input_proj.weight", "0")

    def test_choices(self):
        for parts, change in ((("int8",), {"storage": "int8"}), (("1000",), {"grid_clip": 1000}),
                              (("0",), {"threads": 0}), (("5:50",), {"annealing": "5:50"}),
                              (("fast",), {"annealing": "fast"}),
                              (("0",), {"annealing": "0"}), (("1001",), {"annealing": "1001"}),
                              (("cosine 5",), {"annealing": "cosine 5"})):
            with self.subTest(**change):
                self.refused(ValueError, *parts, call=lambda change=change: ardent_torch.diffusion_head(
                    self.net, **{"annealing": "5", **change}))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
