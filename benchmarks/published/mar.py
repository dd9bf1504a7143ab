# SPDX-License-Identifier: Apache-2.0
"""MAR in PyTorch, written anew and plainly from the papers: a masked encoder and decoder (MAR, arXiv 2406.11838; blocks
of ViT, arXiv 2010.11929), buffer tokens of the class in front, a diffusion head, and the loop that draws an image in a
random order by a cosine, with classifier-free guidance that rises linearly. DiSA (arXiv 2505.20297) is that loop with
fewer denoising steps from one AR step to the next.

usage: from published.mar import Mar, linear_steps; Mar.of_files(weights, config).draw(labels, linear_steps(50, 5, 64))

Nothing is kept from one AR step to the next but the tokens, as published: the encoder sees all known tokens again, the
decoder all positions, for both branches; and the head embeds times and conditions at each denoising step.
"""
import json
import math
import pathlib
import time

import torch
from torch import nn

from . import tensors
from .head import Diffusion, Head

LATEST = 950  # DiSA's code starts there at the earliest, for the cosine schedule is singular at its end
# The head's official names, and those of head.py.
RENAMED = {"time_embed.mlp.0": "time_in", "time_embed.mlp.2": "time_out", "cond_embed": "condition",
           "input_proj": "input", "res_blocks": "blocks", "in_ln": "norm", "mlp.0": "mlp_in", "mlp.2": "mlp_out",
           "final_layer.adaLN_modulation.1": "final_modulation", "adaLN_modulation.1": "modulation",
           "final_layer.linear": "output"}


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        images, rows, width = x.shape
        q, k, v = self.qkv(x).view(images, rows, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.proj(seen.transpose(1, 2).reshape(images, rows, width))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Layer(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Mar(nn.Module):
    """The whole model; parameters have their official names but the head's (see RENAMED)."""

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes
        side = sizes["img_size"] // sizes["vae_stride"] // sizes["patch_size"]
        self.length, self.channels = side * side, sizes["vae_embed_dim"] * sizes["patch_size"] ** 2
        self.buffer = sizes["buffer_size"]
        wide, narrow = sizes["encoder_embed_dim"], sizes["decoder_embed_dim"]
        rows = self.buffer + self.length
        self.class_emb = nn.Embedding(sizes["class_num"], wide)
        self.fake_latent = nn.Parameter(torch.zeros(1, wide))
        self.z_proj = nn.Linear(self.channels, wide)
        self.z_proj_ln = nn.LayerNorm(wide, eps=1e-6)
        self.encoder_pos_embed_learned = nn.Parameter(torch.zeros(1, rows, wide))
        self.encoder_blocks = self._layers("encoder")
        self.encoder_norm = nn.LayerNorm(wide, eps=1e-6)
        self.decoder_embed = nn.Linear(wide, narrow)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, narrow))
        self.decoder_pos_embed_learned = nn.Parameter(torch.zeros(1, rows, narrow))
        self.decoder_blocks = self._layers("decoder")
        self.decoder_norm = nn.LayerNorm(narrow, eps=1e-6)
        self.diffusion_pos_embed_learned = nn.Parameter(torch.zeros(1, self.length, narrow))
        self.head = Head(self.channels, sizes["diffloss_w"], sizes["diffloss_d"], narrow)
        self.diffusions = {}
        self.backbone_seconds = 0.0

    def _layers(self, which):
        width = self.sizes[f"{which}_embed_dim"]
        return nn.ModuleList(Layer(width, self.sizes[f"{which}_num_heads"], int(width * self.sizes["mlp_ratio"]))
                             for _ in range(self.sizes[f"{which}_depth"]))

    @classmethod
    def of_files(cls, weights, config):
        """A checkpoint: safetensors with the official names, and a JSON of the constructor's arguments."""
        model = cls(json.loads(pathlib.Path(config).read_text())["constructor"]).eval()
        named = {name: torch.from_numpy(values) for name, values in tensors.read(weights).items()}
        model.load_state_dict({own_name(name): values for name, values in named.items()})
        return model

    def encode(self, tokens, known, classes):
        """tokens [images][length][channels], known [images][length], classes [images][width]."""
        images = len(tokens)
        x = torch.cat([classes[:, None].expand(-1, self.buffer, -1), self.z_proj(tokens)], dim=1)
        x = self.z_proj_ln(x + self.encoder_pos_embed_learned)
        kept = torch.cat([known.new_ones(images, self.buffer), known], dim=1)
        x = x[kept].view(images, -1, x.shape[-1])
        for layer in self.encoder_blocks:
            x = layer(x)
        return self.encoder_norm(x), kept

    def decode(self, encoded, kept):
        """A condition for each position."""
        x = self.mask_token.expand(len(kept), kept.shape[1], -1).clone()
        x[kept] = self.decoder_embed(encoded).flatten(0, 1)
        x = x + self.decoder_pos_embed_learned
        for layer in self.decoder_blocks:
            x = layer(x)
        return self.decoder_norm(x)[:, self.buffer:] + self.diffusion_pos_embed_learned

    def diffusion(self, steps):
        if steps not in self.diffusions:
            self.diffusions[steps] = Diffusion(steps, LATEST)
        return self.diffusions[steps]

    @torch.no_grad()
    def draw(self, labels, steps, scale, orders=None, noise=None):
        """Tokens [images][length][channels].

        labels  a class for each image
        steps   denoising steps of each AR step
        scale   of guidance at the last AR step; None: none
        orders  [images][length]: positions, that drawn first first; random if there are none
        noise   for each AR step its start and its draws; random if there is none
        """
        images, ar_steps = len(labels), len(steps)
        if orders is None:
            orders = torch.rand(images, self.length).argsort(dim=1)
        ranks = orders.argsort(dim=1)
        tokens = torch.zeros(images, self.length, self.channels)
        branches = 1 if scale is None else 2
        classes = torch.cat([self.class_emb(torch.tensor(labels)), self.fake_latent.expand(images, -1)])
        classes = classes[: branches * images]
        unknown = self.length
        for s, count in enumerate(steps):
            started = time.perf_counter()
            known = ranks < self.length - unknown
            z = self.decode(*self.encode(tokens.repeat(branches, 1, 1), known.repeat(branches, 1), classes))
            after = masked_after(s, ar_steps, self.length, unknown)
            now = ~known if s + 1 == ar_steps else ~known & (ranks < self.length - after)
            z = z[now.repeat(branches, 1)]
            self.backbone_seconds += time.perf_counter() - started
            guidance = None if scale is None else 1 + (scale - 1) * (self.length - after) / self.length
            drawn = self.diffusion(count).sample(self.head, z, guidance, 1.0, *(noise[s] if noise else ()))
            tokens[now] = drawn[: len(drawn) // branches]
            unknown = after
        return tokens


def own_name(name):
    """A parameter's name here."""
    if not name.startswith("diffloss.net."):
        return name
    name = name.removeprefix("diffloss.net.")
    for official, ours in RENAMED.items():
        name = name.replace(official, ours)
    return f"head.{name}"


def official_name(name):
    """The inverse of own_name."""
    if not name.startswith("head."):
        return name
    words = name.removeprefix("head.").split(".")
    back = {ours: official for official, ours in RENAMED.items()}
    return "diffloss.net." + ".".join(back.get(word, word) for word in words)


def masked_after(s, ar_steps, length, unknown):
    """Tokens that the schedule leaves unknown after AR step s; it says 1 at the last, when all are drawn."""
    return max(1, min(unknown - 1, math.floor(length * math.cos(math.pi / 2 * (s + 1) / ar_steps))))


def tokens_of_steps(length, ar_steps):
    """Tokens of an image drawn at each AR step."""
    counts, unknown = [], length
    for s in range(ar_steps):
        after = masked_after(s, ar_steps, length, unknown) if s + 1 < ar_steps else 0
        counts.append(unknown - after)
        unknown = after
    return counts


def linear_steps(upper, lower, ar_steps):
    """DiSA's linear annealing, rounded down as in its code."""
    last = ar_steps - 1
    return [lower + int((last - s) / last * (upper - lower)) for s in range(ar_steps)]
