# SPDX-License-Identifier: Apache-2.0
"""The modulated transformer that FlowAR and xAR share, in PyTorch, under the official parameter names.

What examples/common/network/modulated_block.hpp computes, differentiable and for whole batches. Shapes: B sequences,
N tokens, G groups of N / G neighbouring tokens that share a condition, W the width.
"""
import math

import torch
from torch import nn
from torch.nn import functional

RMS_EPS = 1e-6
SINUSOIDS = 256


def rms_norm(x, weight=None):
    """x / root mean square over the last axis, in float32 whatever autocast says."""
    x = x.float()
    x = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + RMS_EPS)
    return x if weight is None else x * weight


class RMSNorm(nn.Module):
    """rms_norm with a weight."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return rms_norm(x, self.weight)


def rotations(rows, columns, head_width):
    """(cosine, sine) [N, head_width / 2] of 2-D rotary embedding: half of the pairs turn with the row, half with the
    column (Su et al., RoFormer, 2021). rows, columns: [N] coordinates."""
    k = torch.arange(head_width // 4, dtype=torch.float64)
    frequency = (10000.0 ** (-4 * k / head_width)).float()
    angle = torch.cat([rows.float()[:, None] * frequency, columns.float()[:, None] * frequency], 1).double()
    return angle.cos().float(), angle.sin().float()


def map_rotations(side, extent, head_width):
    """rotations() of a side x side map in raster order whose coordinates are spread over [0, extent)."""
    place = torch.arange(side, dtype=torch.float32) / side * extent
    return rotations(place.repeat_interleave(side), place.repeat(side), head_width)


def rotate(x, turn):
    """Turns neighbouring numbers of each head. x: [B, heads, N, head width]; turn: of N tokens."""
    cosine, sine = turn
    first, second = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([first * cosine - second * sine, second * cosine + first * sine], -1).flatten(-2).to(x.dtype)


def split_heads(x, parts, heads):
    """[B, N, parts * W] as `parts` tensors [B, heads, N, head width]."""
    return x.unflatten(-1, (parts, heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)


def attend(q, k, v, mask):
    """Attention in plain products, [B, N, W]: of so few tokens, PyTorch's fused one is three times as slow backwards on
    CPUs. q, k, v: [B, heads, N, head width]; mask: [N, N], true where a query sees a key, or none."""
    scores = (q * q.shape[-1]**-0.5) @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores + torch.zeros(mask.shape, dtype=scores.dtype, device=mask.device).masked_fill(~mask, -math.inf)
    return (scores.softmax(-1).to(v.dtype) @ v).transpose(1, 2).flatten(2)


class Attention(nn.Module):
    """Self-attention with rotary embedding."""

    def __init__(self, width, heads, qkv_bias=True):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=qkv_bias)
        self.proj = nn.Linear(width, width)

    def forward(self, x, turn, mask=None, memory=None, keep=False):
        """mask: [N, N], true where a query sees a key. memory: list of a (keys, values) pair of the tokens before, or
        empty; grows by these tokens if `keep`."""
        q, k, v = split_heads(self.qkv(x), 3, self.heads)
        q, k = rotate(q, turn), rotate(k, turn)
        if memory:
            k, v = torch.cat([memory[0][0], k], 2), torch.cat([memory[0][1], v], 2)
        if keep:
            memory[:] = [(k, v)]
        return self.proj(attend(q, k, v, mask))


class CrossAttention(nn.Module):
    """Attention of tokens to conditions at the same places."""

    def __init__(self, width, context, heads):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(context, 2 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x, context, turn, mask=None):
        (q,), (k, v) = split_heads(self.q(x), 1, self.heads), split_heads(self.kv(context), 2, self.heads)
        return self.proj(attend(rotate(q, turn), rotate(k, turn), v, mask))


def gated_hidden(width, ratio=4.0):
    """Hidden width of the gated MLP: two thirds of what a plain one has."""
    return int(width * ratio * 2 / 3)


class GatedMLP(nn.Module):
    """fc2(GELU(fc1_g x) * fc1_x x) (Shazeer, GLU variants improve transformer, 2020)."""

    def __init__(self, width, hidden):
        super().__init__()
        self.fc1_g = nn.Linear(width, hidden)
        self.fc1_x = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(functional.gelu(self.fc1_g(x)) * self.fc1_x(x))


def modulate(x, scale, shift):
    """RMS norm of x [B, N, W], scaled and shifted by [B, G, W]."""
    groups = scale.shape[1]
    return (rms_norm(x).unflatten(1, (groups, -1)) * (1 + scale[:, :, None]) + shift[:, :, None]).flatten(1, 2)


def gated(x, gate, y):
    """x + gate * y, the gate [B, G, W] of groups."""
    return x + (gate[:, :, None] * y.float().unflatten(1, (gate.shape[1], -1))).flatten(1, 2)


class ModulatedBlock(nn.Module):
    """Attention and gated MLP; a condition gives gates, scales and shifts of both.

    direct: the layer that makes them is named `ada_lin` and takes conditions after SiLU (FlowAR's flow head); else
    `ada_lin.1` after a SiLU of its own (the transformers).
    """

    def __init__(self, width, heads, condition, mlp_ratio=4.0, qkv_bias=True, direct=False):
        super().__init__()
        self.attn = Attention(width, heads, qkv_bias)
        self.mlp = GatedMLP(width, gated_hidden(width, mlp_ratio))
        linear = nn.Linear(condition, 6 * width)
        self.ada_lin = linear if direct else nn.Sequential(nn.SiLU(), linear)

    def forward(self, x, condition, turn, mask=None, memory=None, keep=False):
        """x: [B, N, W]; condition: [B, G, condition width]."""
        gate1, gate2, scale1, scale2, shift1, shift2 = self.ada_lin(condition).float().chunk(6, -1)
        x = gated(x, gate1, self.attn(modulate(x, scale1, shift1), turn, mask, memory, keep))
        return gated(x, gate2, self.mlp(modulate(x, scale2, shift2)))


class TimeEmbedding(nn.Module):
    """Sinusoids of a time in thousandths, and two layers."""

    def __init__(self, width):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(SINUSOIDS, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, timestep):
        """timestep: [...] float, a whole number from 0 to 1000."""
        k = torch.arange(SINUSOIDS // 2, dtype=torch.float32, device=timestep.device)
        angle = timestep[..., None] * torch.exp(-math.log(10000.0) * k / (SINUSOIDS // 2))
        return self.mlp(torch.cat([angle.cos(), angle.sin()], -1))


def timesteps(t):
    """The whole thousandths that the networks are told of times in [0, 1]: cut off in float32, as published."""
    return (t.float() * 1000.0).long().float()


def initialise(network):
    """Truncated normal tables, Xavier's uniform matrices, and zero where a block or the network writes, so that blocks begin as the identity
    (Peebles and Xie, DiT, 2022)."""
    for name, p in network.named_parameters():
        if p.dim() == 1:
            continue  # norms are 1; biases below
        if "embed_learned" in name or "emb.weight" in name:
            nn.init.trunc_normal_(p, std=0.02)
        else:
            nn.init.xavier_uniform_(p)
    for name, module in network.named_modules():
        if not isinstance(module, nn.Linear):
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
        if "ada_lin" in name or "adaLN" in name or name.split(".")[-2:] == ["final_layer", "linear"] or name == "pred":
            nn.init.zeros_(module.weight)
