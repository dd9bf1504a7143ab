# SPDX-License-Identifier: Apache-2.0
"""The head that draws, and its annealing."""
import math
import re

import torch

from ardent_torch import _native
from ardent_torch.weights import KINDS, Sizes, on_host, parameters_of, time_table, versions_of

STORAGES = ("float32", "bfloat16")


def steps_function(annealing):
    """(function of (ar_step, ar_steps), whether it needs them)."""
    if callable(annealing):
        return annealing, True
    found = re.fullmatch(r"(?:(linear|cosine|two_stage) )?(\d{1,4})(?::(\d{1,4}))?", str(annealing))
    if not found or bool(found[1]) > bool(found[3]):
        raise ValueError('expected annealing "K", "UPPER:LOWER", "cosine UPPER:LOWER", "two_stage UPPER:LOWER" or a '
                         f"function of (ar_step, ar_steps), found {annealing!r}")
    name, upper = found[1] or "linear", int(found[2])
    if found[3] is None:
        checked_steps(upper)
        return (lambda ar_step, ar_steps: upper), False
    lower = int(found[3])
    for steps in (upper, lower):
        checked_steps(steps)
    if upper < lower:
        raise ValueError(f"expected UPPER >= LOWER of annealing UPPER:LOWER, found {annealing!r}")
    return (lambda ar_step, ar_steps: _native.annealed_steps(name, upper, lower, ar_step, ar_steps)), True


def checked_steps(steps):
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= 1000:
        raise ValueError(f"expected an annealing of 1 to 1000 denoising steps, found {steps!r}")
    return steps


def fresh_seed():
    """From PyTorch's generator, so that torch.manual_seed decides."""
    return int(torch.randint(1 << 62, ()))


class DiffusionHead:
    """A packed head with the `sample` of a published DiffLoss; made by diffusion_head()."""

    def __init__(self, net, annealing, grid_clip=950, storage="float32", threads=None):
        if storage not in STORAGES:
            raise ValueError(f"expected storage float32 or bfloat16, found {storage!r}")
        if grid_clip is not None and not 0 <= grid_clip <= 999:
            raise ValueError(f"expected grid_clip in [0, 999] or None, found {grid_clip!r}")
        if threads is not None and threads < 1:
            raise ValueError(f"expected at least 1 thread, found {threads!r}")
        self._net, self._storage, self._threads = net, storage, threads
        self._latest = 999 if grid_clip is None else grid_clip
        self._steps, self._needs_ar_step = steps_function(annealing)
        self._batch = None  # [ar_steps, seed, first_image, AR steps drawn]
        self.pack()

    def pack(self):
        """Packs the weights as they are now.

        `sample` does it itself once parameters of the module have been written to or moved; only what goes around
        PyTorch's own count of that (writes to `parameter.data`) needs a call.
        """
        parameters = parameters_of(self._net)
        sizes = Sizes(parameters)
        device = parameters["input_proj.weight"].device
        if device.type not in ("cpu", "cuda"):
            raise ValueError(f"expected parameters on the CPU or a CUDA device, found {device}")
        if device.type == "cuda" and not _native.has_cuda:
            raise ValueError("expected parameters on the CPU, as this ardent_torch was built without CUDA, found "
                             f"{device}")
        native = _native.Sizes(sizes.channels, sizes.width, sizes.depth, sizes.condition_width)
        tensors = on_host(parameters, sizes.names)
        self._time_index = {}
        if device.type == "cuda":
            self._native = _native.Device(native, tensors, self._storage, time_table(tensors, device))
        else:
            self._native = _native.Host(native, tensors, self._storage, self._threads or torch.get_num_threads())
        self._sizes, self._device, self._versions = sizes, device, versions_of(parameters)

    def begin(self, ar_steps, seed=None, first_image=0):
        """Begins a batch: the next `ar_steps` calls of `sample` are its AR steps.

        seed: of all its noise, any 64 bits; from PyTorch's generator if it is not given.
        first_image: index of the batch's first image, which with a mask (see sample) keys the noise.
        """
        if isinstance(ar_steps, bool) or not isinstance(ar_steps, int) or not 1 <= ar_steps <= 65536:
            raise ValueError(f"expected 1 to 65536 AR steps, found {ar_steps!r}")
        if not 0 <= first_image < 1 << 31:
            raise ValueError(f"expected first_image in [0, 2^31), found {first_image!r}")
        self._batch = [ar_steps, fresh_seed() if seed is None else seed & ((1 << 64) - 1), first_image, 0]

    def timesteps(self, ar_step=0, ar_steps=1):
        """The training steps that an AR step visits, noisiest first: as many as evaluations of the network."""
        return _native.timesteps(checked_steps(self._steps(ar_step, ar_steps)), self._latest)

    def sample(self, z, temperature=1.0, cfg=1.0, *, ar_step=None, ar_steps=None, mask=None, noise=None):
        """Draws tokens as a published DiffLoss does.

        z: [rows, condition width], float32, bfloat16 or float16, on the parameters' device; if cfg is not 1, half of
        them conditional, then half unconditional. temperature: factor on the noise of the steps, at least 0. cfg: the
        scale of guidance, at least 0, a number or a tensor of one.

        Returns [rows, channels] in float32; with guidance both halves are the same tokens.

        ar_step, ar_steps: which AR step of how many this is, in place of counting from begin(). mask: [images, tokens]
        or, with guidance, optionally [2 images, tokens]; true at the tokens whose rows z has, in that order, which is
        mask_to_pred of the published loops. With it noise is keyed as ardent::generate keys it: by seed, image,
        position and AR step, whatever else is in the batch. Without it the keys are AR step and row. noise: (start
        [tokens, channels], draws [evaluations, tokens, channels], noisiest first) in place of random numbers.

        Raises ValueError if an argument is not as it should be, RuntimeError if a gradient is asked for or the AR step
        is not known.
        """
        if z.requires_grad and torch.is_grad_enabled():
            raise RuntimeError("expected a z without gradient, found one that requires it: sampling is not "
                               "differentiable. Call it under torch.no_grad().")
        with torch.no_grad():
            return self._sample(z, float(temperature), float(cfg), ar_step, ar_steps, mask, noise)

    def _sample(self, z, temperature, cfg, ar_step, ar_steps, mask, noise):
        if versions_of(parameters_of(self._net)) != self._versions:
            self.pack()
        guided = cfg != 1.0
        self._check(z, temperature, cfg, guided)
        counted = ar_step is None and ar_steps is None
        ar_step, ar_steps, seed, first_image = self._place(ar_step, ar_steps)
        tokens = len(z) // (2 if guided else 1)
        given = _native.Given()
        given.z = z.to(torch.float32).contiguous()
        given.image, given.position = self._keys(mask, tokens, guided, ar_step, first_image)
        given.guided, given.guidance_scale, given.temperature = guided, cfg, temperature
        given.steps, given.latest = checked_steps(self._steps(ar_step, ar_steps)), self._latest
        given.ar_step, given.seed = ar_step, seed
        if noise is not None:
            given.start, given.draws = self._given_noise(noise, tokens, len(self.timesteps(ar_step, ar_steps)))
        drawn = self._draw(given) if tokens else given.z.new_empty(0, self._sizes.channels)
        if counted and self._batch:
            self._batch[3] += 1
        return torch.cat([drawn, drawn]) if guided else drawn

    def _draw(self, given):
        if self._device.type == "cpu":
            return self._native.sample(given)
        visited = _native.timesteps(given.steps, given.latest)
        if given.steps not in self._time_index:
            self._time_index[given.steps] = torch.tensor(visited, dtype=torch.int32, device=self._device)
        return self._native.sample(given, self._time_index[given.steps])

    def _check(self, z, temperature, cfg, guided):
        if z.dtype not in KINDS:
            raise ValueError(f"expected z in float32, bfloat16 or float16, found {z.dtype}")
        if z.device != self._device:
            raise ValueError(f"expected z on {self._device} as the parameters are, found it on {z.device}")
        if z.dim() != 2 or z.shape[1] != self._sizes.condition_width:
            raise ValueError(f"expected z of shape [rows, {self._sizes.condition_width}], found {list(z.shape)}")
        if guided and len(z) % 2:
            raise ValueError(f"expected conditional and as many unconditional rows of z for cfg {cfg}, found {len(z)} "
                             "rows")
        for name, value in (("temperature", temperature), ("cfg", cfg)):
            if not (math.isfinite(value) and 0 <= value <= 1e6):
                raise ValueError(f"expected {name} in [0, 1e6], found {value}")

    def _place(self, ar_step, ar_steps):
        """AR step, AR steps, seed and first image of a call."""
        batch_steps, seed, first_image, drawn = self._batch or (None, None, 0, 0)
        seed = fresh_seed() if seed is None else seed
        if (ar_step is None) != (ar_steps is None):
            raise ValueError(f"expected both ar_step and ar_steps or neither, found {ar_step} and {ar_steps}")
        if ar_step is not None:
            if not 0 <= ar_step < ar_steps <= 65536:
                raise ValueError(f"expected 0 <= ar_step < ar_steps <= 65536, found {ar_step} and {ar_steps}")
            return ar_step, ar_steps, seed, first_image
        if batch_steps is None:
            if self._needs_ar_step:
                raise RuntimeError("expected to know the AR step, as the annealing depends on it: call "
                                   "begin(ar_steps=...) before each batch of images, or give ar_step and ar_steps; "
                                   "found neither")
            return 0, 1, seed, first_image
        if drawn == batch_steps:
            raise RuntimeError(f"expected {batch_steps} AR steps since begin(), found one more: call begin() before "
                               "each batch of images")
        return drawn, batch_steps, seed, first_image

    def _keys(self, mask, tokens, guided, ar_step, first_image):
        """The image and the position of each row."""
        if mask is None:
            rows = torch.arange(tokens, dtype=torch.int32, device=self._device)
            return torch.full_like(rows, ar_step), rows
        if mask.dim() != 2 or mask.dtype != torch.bool:
            raise ValueError("expected a mask of shape [images, tokens] in torch.bool, found "
                             f"{list(mask.shape)} in {mask.dtype}")
        image, position = (place.to(self._device, torch.int32) for place in mask.nonzero(as_tuple=True))
        if guided and len(image) == 2 * tokens:
            image, position = image[:tokens], position[:tokens]
        if len(image) != tokens:
            raise ValueError(f"expected a mask that is true at {tokens} tokens as z has rows, found {len(image)}")
        return (image + first_image).contiguous(), position.contiguous()

    def _given_noise(self, noise, tokens, evaluations):
        start, draws = noise
        shape = [tokens, self._sizes.channels]
        for name, tensor, expected in (("start", start, shape), ("draws", draws, [evaluations, *shape])):
            if list(tensor.shape) != expected or tensor.dtype != torch.float32 or tensor.device != self._device:
                raise ValueError(f"expected noise {name} of shape {expected} in torch.float32 on {self._device}, found "
                                 f"{list(tensor.shape)} in {tensor.dtype} on {tensor.device}")
        return start.contiguous(), draws.contiguous()


def diffusion_head(net, annealing, grid_clip=950, storage="float32", threads=None):
    """Packs a published head for ardent.

    net: the module `diffloss.net` (MAR's SimpleMLPAdaLN, or one with its parameters' names), or a state dict in which
    these have a prefix. Its parameters' device decides where `sample` runs.
    annealing: denoising steps of an AR step: "50" for all, "50:5" as DiSA's linear annealing from 50 to 5,
    "cosine 50:5", "two_stage 50:5", or a function of (ar_step, ar_steps).
    grid_clip: the noisiest of 1000 training steps that is visited; later ones are replaced by it, and steps that fall
    together are visited once, as in DiSA's code. None starts at step 999, as MAR's code does.
    storage: how the weights of modulations and residual blocks are kept, "float32" or "bfloat16".
    threads: on the CPU; as many as PyTorch uses if it is not given.

    Raises ValueError if the parameters are not those of such a head, naming one, or an argument is out of range.
    """
    return DiffusionHead(net, annealing, grid_clip, storage, threads)
