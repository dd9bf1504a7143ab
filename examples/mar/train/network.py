# SPDX-License-Identifier: Apache-2.0
"""MAR with its training loss, on the network of benchmarks/published/mar.py (MAR, arXiv 2406.11838)."""
import pathlib
import sys

import numpy
import torch
from torch import nn

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "benchmarks"))

from modulated import attend, split_heads
from published import head, mar


def process():
    """Tables of the diffusion process by training step, float32: what the loss reads."""
    beta = head.cosine_betas()
    abar = numpy.cumprod(1 - beta)
    before = numpy.append(1.0, abar[:-1])
    posterior = beta * (1 - before) / (1 - abar)
    posterior[0] = posterior[1]  # the cleanest step's is 0
    tables = {"alpha": numpy.sqrt(abar), "sigma": numpy.sqrt(1 - abar),
              "mean_of_x0": beta * numpy.sqrt(before) / (1 - abar),
              "mean_of_x": (1 - before) * numpy.sqrt(1 - beta) / (1 - abar),
              "log_least": numpy.log(posterior), "log_most": numpy.log(beta)}
    return {name: torch.tensor(values, dtype=torch.float32) for name, values in tables.items()}


class PlainAttention(mar.Attention):
    """The same numbers by plain products: of so few tokens, PyTorch's fused ones are slow backwards on CPUs."""

    def forward(self, x):
        (q, k, v) = split_heads(self.qkv(x), 3, self.heads)
        return self.proj(attend(q, k, v, None))


class TrainedMar(mar.Mar):
    """The network, begun as published code begins it, and its loss."""

    def __init__(self, sizes):
        super().__init__(sizes)
        for name, values in process().items():
            self.register_buffer(f"process_{name}", values, persistent=False)
        self.apply(begin)
        for table in (self.class_emb.weight, self.fake_latent, self.mask_token, self.encoder_pos_embed_learned,
                      self.decoder_pos_embed_learned, self.diffusion_pos_embed_learned):
            nn.init.normal_(table, std=0.02)
        nn.init.normal_(self.head.time_in.weight, std=0.02)
        nn.init.normal_(self.head.time_out.weight, std=0.02)
        # blocks begin as the identity, and the head with a prediction of 0
        for layer in [b.modulation for b in self.head.blocks] + [self.head.final_modulation, self.head.output]:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def _layers(self, which):
        layers = super()._layers(which)
        for layer in layers:
            layer.attn = PlainAttention(layer.attn.proj.out_features, layer.attn.heads)
        return layers

    def decode(self, encoded, kept):
        """As the base's, in float32 between the layers whatever autocast says."""
        x = self.mask_token.expand(len(kept), kept.shape[1], -1).clone()
        x[kept] = self.decoder_embed(encoded).float().flatten(0, 1)
        x = x + self.decoder_pos_embed_learned
        for layer in self.decoder_blocks:
            x = layer(x)
        return self.decoder_norm(x)[:, self.buffer:] + self.diffusion_pos_embed_learned

    def loss(self, tokens, classes_of, dropped, known, times, noise):
        """Mean square error of epsilon and the variational bound of the variance, over masked tokens.

        tokens      [images][length][channels]
        classes_of  [images] labels; dropped: [images], true where the class is left out
        known       [images][length], true where a token is shown; as many for each image
        times, noise  [draws][images][length] training steps, and [draws][images][length][channels]
        """
        classes = torch.where(dropped[:, None], self.fake_latent, self.class_emb(classes_of))
        z = self.decode(*self.encode(tokens, known, classes))
        masked = ~known
        draws = len(times)
        z = z[masked].float().repeat(draws, 1)
        clean = tokens[masked].repeat(draws, 1)
        t = torch.cat([part[masked] for part in times])
        epsilon = torch.cat([part[masked] for part in noise])

        def at(name):
            return getattr(self, f"process_{name}")[t][:, None]

        x = at("alpha") * clean + at("sigma") * epsilon
        out, share = self.head(x, t, z).float().chunk(2, dim=1)
        square = (out - epsilon).square()
        # the mean's error moves epsilon, not the variance (Improved DDPM, arXiv 2102.09672, section 3.1)
        guess = (x - at("sigma") * out.detach()) / at("alpha")
        wanted = at("mean_of_x0") * clean + at("mean_of_x") * x
        found = at("mean_of_x0") * guess + at("mean_of_x") * x
        share = (share + 1) / 2
        log_found = share * at("log_most") + (1 - share) * at("log_least")
        bound = 0.5 * (log_found - at("log_least") - 1 + torch.exp(at("log_least") - log_found)
                       + (wanted - found).square() * torch.exp(-log_found))
        # of the noisiest steps x0 is magnified rounding
        bound = torch.where(t[:, None] > mar.LATEST, torch.zeros_like(bound), bound)
        return (square + bound.clamp(max=10)).mean(1)


def begin(module):
    """Xavier's uniform matrices and no bias, as published."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
