#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ardent_torch on a GPU, against the same head and sampler in plain PyTorch there; in whose memory and on which stream
it draws; and what it refuses.

usage: ardent_torch_cuda_test.py ROOT

Skipped (exit code 77) without a GPU that PyTorch can use, or without what a build with CUDA needs. The first run
compiles for some minutes, into build/torch-cuda.
"""
import pathlib
import sys
import unittest

import package

ROOT = pathlib.Path(sys.argv[1]).resolve()
package.want_pytorch(ROOT)
import torch  # noqa: E402

if not torch.cuda.is_available():
    package.skip("PyTorch finds no GPU")
package.want_ardent_torch(ROOT, cuda=True)
import ardent_torch  # noqa: E402
from named_head import CHANNELS, CONDITION, in_pytorch, made, noise_for  # noqa: E402

DEVICE = torch.device("cuda", 0)
# The kernels' bound to exact tokens (tests/gpu), and on top PyTorch's rounding or that of the weights, as on the CPU.
FLOAT32, BFLOAT16 = 2e-4 + 1e-4, 0.25 + 0.2
CYCLES = 2_000_000_000  # of a stream that is busy: about a second
torch.set_float32_matmul_precision("highest")


def on_device(*tensors):
    """Drawn on the CPU, so that a seed gives the same numbers on every card."""
    return tuple(tensor.to(DEVICE) for tensor in tensors)


class Tokens(unittest.TestCase):
    """The same noise gives the tokens of plain PyTorch."""

    def check(self, net, tokens, steps, cfg, temperature=1.0, latest=950, within=FLOAT32, of_largest=False, **how):
        ours = ardent_torch.diffusion_head(net, annealing=str(steps), grid_clip=latest, **how)
        z, *noise = on_device(torch.randn(tokens * (1 if cfg == 1.0 else 2), CONDITION),
                              *noise_for(tokens, CHANNELS, len(ours.timesteps())))
        expected = in_pytorch(net.head, steps, latest, z, cfg, temperature, noise)
        found = ours.sample(z, temperature, cfg, noise=noise)
        self.assertEqual((list(found.shape), found.dtype, found.device), ([len(z), CHANNELS], torch.float32, DEVICE))
        if cfg != 1.0:
            self.assertTrue(torch.equal(found[:tokens], found[tokens:]))
        self.assertGreater(expected.std(), 0.1)  # it is not all alike
        scale = expected.abs().max() if of_largest else 1.0
        self.assertLess((found[:tokens] - expected).abs().max(), within * scale)

    # numbers of tokens so that all ways to draw are taken: weights resident or streamed, wide tiles, a block a tile

    def test_guided(self):
        net = made().to(DEVICE)
        for tokens, steps, cfg, temperature in ((1, 50, 3.0, 1.0), (7, 20, 2.5, 0.7), (90, 5, 0.0, 1.0),
                                                (600, 4, 2.0, 1.0)):
            with self.subTest(tokens=tokens):
                self.check(net, tokens, steps, cfg, temperature)

    def test_unguided(self):
        net = made().to(DEVICE)
        for tokens, steps in ((1, 2), (5, 27), (65, 4), (1000, 3)):
            with self.subTest(tokens=tokens):
                self.check(net, tokens, steps, 1.0)

    def test_from_the_last_training_step(self):
        # x0 = 20291 (x - epsilon) there, which magnifies what is rounded and, with random weights, the tokens
        self.check(made().to(DEVICE), 4, 20, 2.0, latest=None, of_largest=True)

    def test_bfloat16_storage(self):
        net = made().to(DEVICE)
        self.check(net, 9, 20, 3.0, within=BFLOAT16, storage="bfloat16")
        self.check(net, 800, 4, 1.0, within=BFLOAT16, storage="bfloat16")
        with self.assertRaises(AssertionError):  # it is another storage
            self.check(net, 9, 20, 3.0, within=1e-5, storage="bfloat16")

    def test_half_precision_in(self):
        for dtype in (torch.bfloat16, torch.float16):
            net = made().to(DEVICE, dtype)
            ours = ardent_torch.diffusion_head(net, annealing="10")
            z, *noise = on_device(torch.randn(6, CONDITION).to(dtype),
                                  *noise_for(3, CHANNELS, len(ours.timesteps())))
            found = ours.sample(z, 1.0, 2.0, noise=noise)
            expected = in_pytorch(net.float().head, 10, 950, z.float(), 2.0, 1.0, noise)
            self.assertEqual(found.dtype, torch.float32)
            self.assertLess((found[:3] - expected).abs().max(), FLOAT32)

    def test_strided_and_unaligned_z(self):
        ours = ardent_torch.diffusion_head(made().to(DEVICE), annealing="5")
        wide, *noise = on_device(torch.randn(8, 2 * CONDITION), *noise_for(4, CHANNELS, len(ours.timesteps())))
        strided = wide[:, ::2]
        shifted = torch.empty(strided.numel() + 1, device=DEVICE)[1:].view(8, CONDITION).copy_(strided)
        expected = ours.sample(strided.contiguous(), 1.0, 2.0, noise=noise)
        for z in (strided, shifted):
            self.assertTrue(torch.equal(ours.sample(z, 1.0, 2.0, noise=noise), expected))

    def test_weights_that_change(self):
        net, other = made().to(DEVICE), made(seed=2).to(DEVICE)
        ours = ardent_torch.diffusion_head(net, annealing="5")
        z, *noise = on_device(torch.randn(4, CONDITION), *noise_for(2, CHANNELS, len(ours.timesteps())))
        before = ours.sample(z, 1.0, 2.0, noise=noise)
        net.load_state_dict(other.state_dict())
        expected = ardent_torch.diffusion_head(other, annealing="5").sample(z, 1.0, 2.0, noise=noise)
        self.assertFalse(torch.equal(before, expected))
        self.assertTrue(torch.equal(ours.sample(z, 1.0, 2.0, noise=noise), expected))

    def test_moved_here(self):
        """A head that was packed on the CPU is packed again here, and a seed draws the tokens that it drew there."""
        net = made()
        ours = ardent_torch.diffusion_head(net, annealing="20:5")
        z, mask = torch.randn(10, CONDITION), torch.zeros(2, 16, dtype=torch.bool)
        mask[0, [1, 7]] = mask[1, [2, 3, 15]] = True

        def drawn(device):
            ours.begin(ar_steps=5, seed=0x123456789ABCDEF0, first_image=40)
            keyed = ours.sample(z.to(device), 1.0, 2.0, mask=mask.to(device))
            return torch.cat([keyed, ours.sample(z.to(device), 1.0, torch.tensor([2.0], device=device))]).cpu()
        expected = drawn("cpu")
        net.to(DEVICE)
        self.assertLess((drawn(DEVICE) - expected).abs().max(), FLOAT32)

    def test_image_of_a_batch(self):
        """With masks, bit for bit the image alone, whose index first_image says."""
        ours = ardent_torch.diffusion_head(made().to(DEVICE), annealing="6:2")
        mask = torch.rand(3, 64) < 0.4
        mask[:, 0] = True
        (z,) = on_device(torch.randn(2, int(mask.sum()), CONDITION))
        place = {"ar_step": 2, "ar_steps": 5}
        ours.begin(ar_steps=5, seed=11)
        batch = ours.sample(z.flatten(0, 1), 1.0, 2.0, mask=mask.to(DEVICE), **place)
        image = mask.nonzero(as_tuple=True)[0].to(DEVICE)
        for i in range(3):
            ours.begin(ar_steps=5, seed=11, first_image=i)
            alone = ours.sample(z[:, image == i].flatten(0, 1), 1.0, 2.0, mask=mask[i:i + 1].to(DEVICE), **place)
            self.assertTrue(torch.equal(alone[: len(alone) // 2], batch[: len(image)][image == i]), i)


class Memory(unittest.TestCase):
    """The kernels read the tensors where they are."""

    def test_no_copies(self):
        net = made(condition_width=1024).to(DEVICE)
        ours = ardent_torch.diffusion_head(net, annealing="2")
        z, *noise = on_device(torch.randn(16384, 1024), *noise_for(16384, CHANNELS, len(ours.timesteps())))
        handed, draw = [], ours._draw

        def watched(given):
            handed.append([tensor.data_ptr() for tensor in (given.z, given.start, given.draws)])
            return draw(given)
        ours._draw = watched
        ours.sample(z, noise=noise)  # what only a first call makes
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        found = ours.sample(z, noise=noise)
        self.assertLess(torch.cuda.max_memory_allocated() - before, z.nbytes // 4)  # tokens, keys and workspace
        self.assertLess(torch.cuda.memory_allocated() - before, 2 * found.nbytes)  # and of these only the tokens stay
        self.assertEqual(handed, 2 * [[tensor.data_ptr() for tensor in (z, *noise)]])
        expected = in_pytorch(net.head, 2, 950, z, 1.0, 1.0, noise)
        self.assertLess((found - expected).abs().max(), FLOAT32)


class Streams(unittest.TestCase):
    """Everything is enqueued on the stream that is current, and nothing waits."""

    TOKENS = 800  # without guidance, blocks wait for no others: a busy stream beside this one is no hindrance

    def setUp(self):
        self.ours = ardent_torch.diffusion_head(made().to(DEVICE), annealing="20")
        self.z, *self.noise = on_device(torch.randn(self.TOKENS, CONDITION),
                                        *noise_for(self.TOKENS, CHANNELS, len(self.ours.timesteps())))
        self.expected = self.ours.sample(self.z, noise=self.noise)
        torch.cuda.synchronize()
        self.stream = torch.cuda.Stream()
        with torch.cuda.stream(self.stream):  # what only a first call does: code is loaded, memory taken
            torch.cuda._sleep(1)
            self.ours.sample(self.z.clone(), noise=self.noise) + 0
        torch.cuda.synchronize()

    def test_in_order(self):
        z = torch.zeros_like(self.z)
        torch.cuda.synchronize()
        with torch.cuda.stream(self.stream):
            torch.cuda._sleep(CYCLES)
            z.copy_(self.z)
            found = self.ours.sample(z, noise=self.noise)
            z.zero_()
            after = found + 0
            pending = not self.stream.query()
        self.stream.synchronize()
        self.assertTrue(pending)
        self.assertTrue(torch.equal(found, self.expected))
        self.assertTrue(torch.equal(after, self.expected))

    def test_on_no_other_stream(self):
        torch.cuda._sleep(CYCLES)  # on the default stream
        with torch.cuda.stream(self.stream):
            found = self.ours.sample(self.z, noise=self.noise)
        self.stream.synchronize()
        self.assertFalse(torch.cuda.default_stream().query())
        torch.cuda.synchronize()
        self.assertTrue(torch.equal(found, self.expected))

    def test_weights_stay_until_they_are_read(self):
        """Packed again on another stream, while a call has yet to run."""
        with torch.cuda.stream(self.stream):
            torch.cuda._sleep(CYCLES)
            found = self.ours.sample(self.z, noise=self.noise)
        self.ours.pack()
        # NaNs, wherever memory is free
        sizes = 40 * [64, 48_000, 100_000]
        rubbish = [torch.full((count,), float("nan"), device=DEVICE) for count in sizes]
        self.assertFalse(self.stream.query())
        torch.cuda.synchronize()
        self.assertTrue(torch.equal(found, self.expected))
        del rubbish


class Refusals(unittest.TestCase):
    """What was expected, and what was found."""

    def setUp(self):
        self.head = ardent_torch.diffusion_head(made().to(DEVICE), annealing="5")
        self.z = torch.randn(4, CONDITION).to(DEVICE)

    def refused(self, kind, *parts, call):
        with self.assertRaises(kind) as caught:
            call()
        for part in ("expected", *parts):
            self.assertIn(part, str(caught.exception))

    def test_arguments(self):
        start, draws = on_device(torch.zeros(2, CHANNELS), torch.zeros(5, 2, CHANNELS))
        for parts, change in ((("cuda:0", "cpu"), {"z": self.z.cpu()}),
                              (("float32", "torch.float64"), {"z": self.z.double()}),
                              ((f"[rows, {CONDITION}]",), {"z": self.z[:, 1:]}),
                              (("start", "cuda:0", "on cpu"), {"noise": (start.cpu(), draws)}),
                              (("draws", "cuda:0", "on cpu"), {"noise": (start, draws.cpu())}),
                              (("torch.float64",), {"noise": (start, draws.double())})):
            with self.subTest(found=parts[-1]):
                self.refused(ValueError, *parts, call=lambda change=change: self.head.sample(
                    **{"z": self.z, "cfg": 2.0, **change}))
        self.refused(RuntimeError, "no_grad", call=lambda: self.head.sample(self.z.clone().requires_grad_()))
        self.assertEqual(list(self.head.sample(self.z[:0], 1.0, 2.0).shape), [0, CHANNELS])

    def test_parameters(self):
        on_cpu = ardent_torch.diffusion_head(made(), annealing="5")
        self.refused(ValueError, "cpu", "cuda:0", call=lambda: on_cpu.sample(self.z))
        state = made().to(DEVICE).state_dict()
        state["cond_embed.bias"] = state["cond_embed.bias"].cpu()
        self.refused(ValueError, "cond_embed.bias", "cuda:0", "cpu",
                     call=lambda: ardent_torch.diffusion_head(state, annealing="5"))

    def test_what_could_reach_memory_that_is_not_there(self):
        """The native code checks again, whatever Python has let through."""
        noise = on_device(torch.zeros(4, CHANNELS), torch.zeros(5, 4, CHANNELS))
        index = torch.tensor(self.head.timesteps(), dtype=torch.int32, device=DEVICE)
        strided = torch.zeros(4, 2 * CONDITION, device=DEVICE)[:, ::2]

        def native(field, change, index):
            def draw(given):
                if field:
                    setattr(given, field, change(getattr(given, field)))
                return self.head._native.sample(given, index)
            self.head._draw = draw
            return self.head.sample(self.z, noise=noise)
        self.assertEqual(list(native("", None, index).shape), [4, CHANNELS])
        for parts, field, change in ((("z", "cuda:0", "cpu"), "z", lambda tensor: tensor.cpu()),
                                     (("z", "contiguous"), "z", lambda tensor: strided),
                                     (("z", "Double"), "z", lambda tensor: tensor.double()),
                                     (("images", "cpu"), "image", lambda tensor: tensor.cpu()),
                                     (("positions", "Long"), "position", lambda tensor: tensor.long()),
                                     (("starting noise", "cpu"), "start", lambda tensor: tensor.cpu()),
                                     (("steps' noise", str(4 * 4 * CHANNELS)), "draws", lambda tensor: tensor[1:])):
            with self.subTest(field=field):
                self.refused(ValueError, *parts, call=lambda field=field, change=change: native(field, change, index))
        for wrong in (index.long(), index.cpu(), index[1:]):
            self.refused(ValueError, "time index", call=lambda wrong=wrong: native("", None, wrong))

    @unittest.skipUnless(torch.cuda.device_count() > 1, "it takes two GPUs")
    def test_two_gpus(self):
        ours = ardent_torch.diffusion_head(made().to("cuda:1"), annealing="5")
        self.refused(ValueError, "cuda:1", "cuda:0", call=lambda: ours.sample(self.z))
        noise = noise_for(4, CHANNELS, len(ours.timesteps()))
        found = ours.sample(self.z.to("cuda:1"), noise=[tensor.to("cuda:1") for tensor in noise])
        self.assertEqual((str(found.device), torch.cuda.current_device()), ("cuda:1", 0))
        self.assertLess((found.to(DEVICE) - self.head.sample(self.z, noise=on_device(*noise))).abs().max(), FLOAT32)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
