# SPDX-License-Identifier: Apache-2.0
"""MAR's diffusion head and its sampling loop in PyTorch, written anew from the papers: the network of MAR
(arXiv 2406.11838, section 4.2 and appendix), Improved DDPM's cosine schedule, respacing and learned-range variance
(arXiv 2102.09672), and classifier-free guidance on a batch of both branches.

usage: from published.head import Head, Diffusion; Diffusion(steps).sample(Head(...), z, ...)

`sample` works as the published code does: the schedule stays on the host in float64, and each step uploads what it
needs of each table, the timesteps, the map of respaced timesteps and the sinusoids' frequencies. `sample_from_tables`
is the same loop with all of that on the device beforehand, as a CUDA graph needs it, of a head that
`keeps_frequencies`. `write_case` writes a head and its noise for ardent to draw.
"""
import math

import numpy
import torch
from torch import nn

TRAINED_STEPS = 1000
SINUSOIDS = 256
CASE = 0x41524431  # a case's first number


class Block(nn.Module):
    """x + gate * MLP(LN(x) * (1 + scale) + shift), with shift, scale and gate from the condition."""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.mlp_in = nn.Linear(width, width)
        self.mlp_out = nn.Linear(width, width)
        self.modulation = nn.Linear(width, 3 * width)

    def forward(self, x, y):
        shift, scale, gate = self.modulation(nn.functional.silu(y)).chunk(3, dim=-1)
        hidden = self.norm(x) * (1 + scale) + shift
        return x + gate * self.mlp_out(nn.functional.silu(self.mlp_in(hidden)))


class Head(nn.Module):
    """epsilon and the interpolation of the variance, 2 * channels numbers a token."""

    def __init__(self, channels, width, depth, condition_width):
        super().__init__()
        self.channels = channels
        self.time_in = nn.Linear(SINUSOIDS, width)
        self.time_out = nn.Linear(width, width)
        self.condition = nn.Linear(condition_width, width)
        self.input = nn.Linear(channels, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.final_norm = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.final_modulation = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, 2 * channels)
        self.kept_frequencies = None

    @staticmethod
    def frequencies():
        half = SINUSOIDS // 2
        return torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)

    def keeps_frequencies(self):
        """This head, which from now on has the sinusoids' frequencies where its weights are."""
        self.kept_frequencies = self.frequencies().to(self.output.weight.device)
        return self

    def embed_time(self, timestep):
        if self.kept_frequencies is None:
            frequencies = self.frequencies().to(timestep.device)
        else:
            frequencies = self.kept_frequencies
        angles = timestep[:, None].float() * frequencies[None]
        sinusoids = torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)
        return self.time_out(nn.functional.silu(self.time_in(sinusoids)))

    def forward(self, x, timestep, z):
        y = self.embed_time(timestep) + self.condition(z)
        h = self.input(x)
        for block in self.blocks:
            h = block(h, y)
        shift, scale = self.final_modulation(nn.functional.silu(y)).chunk(2, dim=-1)
        return self.output(self.final_norm(h) * (1 + scale) + shift)

    def guided(self, x, timestep, z, scale):
        """Both branches see the first half of x; epsilon is mixed, the variance is each branch's own."""
        first = x[: len(x) // 2]
        out = self(torch.cat([first, first]), timestep, z)
        epsilon, rest = out[:, : self.channels], out[:, self.channels :]
        conditional, unconditional = epsilon.chunk(2)
        mixed = unconditional + scale * (conditional - unconditional)
        return torch.cat([torch.cat([mixed, mixed]), rest], dim=1)

    def parameters_in_order(self):
        """Weight and bias of each layer in the order of case.hpp."""
        layers = [self.time_in, self.time_out, self.condition, self.input]
        for block in self.blocks:
            layers += [block.norm, block.mlp_in, block.mlp_out, block.modulation]
        for layer in [*layers, self.final_modulation, self.output]:
            yield from (layer.weight, layer.bias)


def cosine_betas():
    """Those of all training steps."""
    def abar(t):
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
    return numpy.array([min(1 - abar((i + 1) / TRAINED_STEPS) / abar(i / TRAINED_STEPS), 0.999)
                        for i in range(TRAINED_STEPS)])


def respaced_timesteps(steps):
    """K training steps, evenly spread from the first to the last."""
    stride, place, kept = (TRAINED_STEPS - 1) / max(steps - 1, 1), 0.0, []
    for _ in range(steps):
        kept.append(round(place))
        place += stride
    return kept


class Diffusion:
    """DDPM over respaced timesteps with a variance between the posterior's and beta."""

    def __init__(self, steps, latest=TRAINED_STEPS - 1):
        # steps after `latest` are replaced by it, and it is visited once
        self.timesteps = sorted({min(step, latest) for step in respaced_timesteps(steps)})
        trained = numpy.cumprod(1 - cosine_betas())
        abar = trained[self.timesteps]
        before = numpy.append(1.0, abar[:-1])
        beta = 1 - abar / before
        variance = beta * (1 - before) / (1 - abar)
        self.tables = {
            "x0_of_x": numpy.sqrt(1 / abar),
            "x0_of_epsilon": numpy.sqrt(1 / abar - 1),
            "mean_of_x0": beta * numpy.sqrt(before) / (1 - abar),
            "mean_of_x": (1 - before) * numpy.sqrt(1 - beta) / (1 - abar),
            # the cleanest step's variance is 0: its log is that of the step before
            "log_variance_min": numpy.log(numpy.append(variance[1], variance[1:]) if len(self) > 1 else beta),
            "log_variance_max": numpy.log(beta),
        }

    def __len__(self):
        return len(self.timesteps)

    def _advance(self, x, out, numbers, noise, temperature, last):
        epsilon, interpolation = out.chunk(2, dim=1)
        share = (interpolation + 1) / 2
        log_variance = share * numbers["log_variance_max"] + (1 - share) * numbers["log_variance_min"]
        x0 = numbers["x0_of_x"] * x - numbers["x0_of_epsilon"] * epsilon
        mean = numbers["mean_of_x0"] * x0 + numbers["mean_of_x"] * x
        return mean if last else mean + torch.exp(0.5 * log_variance) * noise * temperature

    @torch.no_grad()
    def sample(self, head, z, scale, temperature=1.0, start=None, draws=None):
        """As published. z holds the conditional rows, then the unconditional ones; so does the result. With a scale of
        None there are only the former.

        start and draws (noisiest step first), each for one branch, replace the noise.
        """
        device, rows = z.device, len(z)
        branches = 1 if scale is None else 2
        start = torch.randn(rows // branches, head.channels, device=device) if start is None else start
        x = start.repeat(branches, 1)
        for k, index in enumerate(reversed(range(len(self)))):
            t = torch.tensor([index] * rows, device=device)
            numbers = {}
            for name, table in self.tables.items():
                entries = torch.from_numpy(table).to(device)[t].float()
                numbers[name] = entries[:, None].expand(x.shape)
            original = torch.tensor(self.timesteps, device=device, dtype=t.dtype)[t]
            out = head(x, original, z) if scale is None else head.guided(x, original, z, scale)
            noise = torch.randn_like(x) if draws is None else draws[k].repeat(branches, 1)
            x = self._advance(x, out, numbers, noise, temperature, index == 0)
        return x

    def on(self, device, rows):
        """What sample_from_tables reads, a row a step, noisiest first."""
        # with dimensions: a number alone would not keep half precision's products in float
        tables = {name: torch.tensor(table[::-1].copy(), dtype=torch.float32, device=device)[:, None, None]
                  for name, table in self.tables.items()}
        times = torch.tensor(self.timesteps[::-1], device=device)
        return tables, times[:, None].expand(-1, rows).contiguous()

    @torch.no_grad()
    def sample_from_tables(self, guided, prepared, start, z, scale, temperature=1.0):
        """The same loop with nothing to upload.

        guided is a head's, or a compiled one; start has both branches' rows.
        """
        tables, times = prepared
        x = start
        for k in range(len(self)):
            numbers = {name: table[k] for name, table in tables.items()}
            out = guided(x, times[k], z, scale)
            x = self._advance(x, out, numbers, torch.randn_like(x), temperature, k + 1 == len(self))
        return x


def write_case(path, head, z, start, draws, scale, temperature):
    """What case.hpp reads."""
    width, condition_width = head.condition.out_features, head.condition.in_features
    with open(path, "wb") as file:
        numpy.array([CASE, head.channels, width, len(head.blocks), condition_width, len(start), len(draws), 0],
                    "<i4").tofile(file)
        numpy.array([scale, temperature], "<f4").tofile(file)
        for tensor in (*head.parameters_in_order(), z, start, draws):
            tensor.detach().cpu().numpy().astype("<f4").tofile(file)
