# SPDX-License-Identifier: Apache-2.0
"""FlowAR in PyTorch under the official parameter names (Ren et al., FlowAR, arXiv 2412.15205): what examples/flowar
computes, and its loss."""
import torch
from torch import nn
from torch.nn import functional

from modulated import (CrossAttention, GatedMLP, ModulatedBlock, Attention, RMSNorm, TimeEmbedding, gated,
                       gated_hidden, initialise, map_rotations, modulate, timesteps)

MIDDLE_SIDE = 16  # maps are resized by way of this side
ROTARY_EXTENT = 16
FLOW_HEAD_WIDTH = 64


def resize_up(tokens, side, to):
    """The map of a scale as the next one's input: bicubic to 16 x 16, then means. tokens: [B, side * side, C]."""
    grid = tokens.transpose(1, 2).unflatten(2, (side, side))
    grid = functional.interpolate(grid, size=(MIDDLE_SIDE, MIDDLE_SIDE), mode="bicubic", align_corners=False)
    return functional.interpolate(grid, size=(to, to), mode="area").flatten(2).transpose(1, 2)


class CrossBlock(nn.Module):
    """A block of the flow head that attends to the conditions as well."""

    def __init__(self, width, heads, context, mlp_ratio):
        super().__init__()
        self.attn = Attention(width, heads, qkv_bias=False)
        self.crossattn = CrossAttention(width, context, heads)
        self.norm2_1 = RMSNorm(width)
        self.norm2_2 = RMSNorm(context)
        self.mlp = GatedMLP(width, gated_hidden(width, mlp_ratio))
        self.ada_lin_attn = nn.Linear(width, 3 * width)
        self.ada_lin_mlp = nn.Linear(width, 3 * width)

    def forward(self, x, condition, time, context, turn, mask):
        gate, scale, shift = self.ada_lin_attn(time).float().chunk(3, -1)
        x = gated(x, gate, self.attn(modulate(x, scale, shift), turn, mask))
        x = x + self.crossattn(self.norm2_1(x), self.norm2_2(context), turn, mask)
        gate, scale, shift = self.ada_lin_mlp(condition).float().chunk(3, -1)
        return gated(x, gate, self.mlp(modulate(x, scale, shift)))


class FinalLayer(nn.Module):
    """Modulation and the way to channels."""

    def __init__(self, width, channels):
        super().__init__()
        self.linear = nn.Linear(width, channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x, condition):
        shift, scale = self.adaLN_modulation(condition).float().chunk(2, -1)
        return self.linear(modulate(x, scale, shift))


class FlowHead(nn.Module):
    """The velocity of a scale's tokens, which see one another."""

    def __init__(self, channels, context, depth, width, cross, mlp_ratio):
        super().__init__()
        heads = width // FLOW_HEAD_WIDTH
        self.cross, self.head_width = cross, width // heads
        self.time_embed = TimeEmbedding(width)
        self.cond_embed = nn.Linear(context, width)
        self.input_proj = nn.Linear(channels, width)
        if cross:
            blocks = [CrossBlock(width, heads, context, mlp_ratio) for _ in range(depth)]
        else:
            blocks = [ModulatedBlock(width, heads, width, mlp_ratio, False, direct=True) for _ in range(depth)]
        self.res_blocks = nn.ModuleList(blocks)
        self.final_layer = FinalLayer(width, channels)

    def forward(self, x, t, z, turn, mask=None):
        """x: [B, N, C] noisy tokens at times t [B, N] (one time a scale); z: [B, N, D] conditions."""
        time = self.time_embed(timesteps(t))
        total = time + self.cond_embed(z)
        condition = functional.silu(total)
        x = self.input_proj(x).float()
        for block in self.res_blocks:
            if self.cross:
                x = block(x, condition, functional.silu(time), z, turn, mask)
            else:
                x = block(x, condition, turn, mask)
        return self.final_layer(x, total).float()


class FlowAR(nn.Module):
    """The whole network. config: the member "constructor" of a model's JSON; rows: of the class table, the last of
    which is the unconditional one."""

    def __init__(self, config, rows):
        super().__init__()
        encoder, decoder = config["encoder_embed_dim"], config["decoder_embed_dim"]
        ratio, channels = config["mlp_ratio"], config["vae_embed_dim"]
        self.sides, self.channels, self.unconditional = config["scale"], channels, rows - 1
        counts = [side * side for side in self.sides]
        total = sum(counts)
        self.encoder_pos_embed_learned = nn.Parameter(torch.zeros(1, total, encoder))
        self.decoder_pos_embed_learned = nn.Parameter(torch.zeros(1, total, decoder))
        self.diffusion_pos_embed_learned = nn.Parameter(torch.zeros(1, total, decoder))
        self.class_emb = nn.Embedding(rows, encoder)
        self.z_proj = nn.Linear(channels, encoder)
        self.z_proj_ln = RMSNorm(encoder)
        self.encoder_blocks = nn.ModuleList(
            ModulatedBlock(encoder, config["encoder_num_heads"], encoder, ratio)
            for _ in range(config["encoder_depth"]))
        self.encoder_norm = RMSNorm(encoder)
        self.decoder_embed = nn.Linear(encoder, decoder)
        self.decoder_blocks = nn.ModuleList(
            ModulatedBlock(decoder, config["decoder_num_heads"], encoder, ratio)
            for _ in range(config["decoder_depth"]))
        self.decoder_norm = RMSNorm(decoder)
        self.flownet = FlowHead(channels, decoder, config["diffloss_d"], config["diffloss_w"], config["cross"], ratio)

        scale = torch.cat([torch.full((n,), float(i)) for i, n in enumerate(counts)])
        self.register_buffer("scale_of", scale.long(), persistent=False)
        self.register_buffer("sees_before", scale[:, None] >= scale[None, :], persistent=False)
        self.register_buffer("sees_same", scale[:, None] == scale[None, :], persistent=False)
        for name, width in (("encoder", encoder // config["encoder_num_heads"]),
                            ("decoder", decoder // config["decoder_num_heads"]), ("flow", self.flownet.head_width)):
            parts = [map_rotations(side, ROTARY_EXTENT, width) for side in self.sides]
            for part, index in (("cosine", 0), ("sine", 1)):
                self.register_buffer(f"{name}_{part}", torch.cat([p[index] for p in parts]), persistent=False)
        initialise(self)

    def turn(self, name, count, first=0):
        """Rotations of tokens first to first + count."""
        return tuple(getattr(self, f"{name}_{part}")[first:first + count] for part in ("cosine", "sine"))

    def conditions(self, labels, inputs):
        """z [B, N, D] of the first scales. labels: [B]; inputs: [B, N - 1, C], what resize_up makes of each scale for
        the next one. A scale sees itself and those before."""
        classes = self.class_emb(labels)[:, None]
        x = torch.cat([classes, self.z_proj(inputs).float()], 1)
        count = x.shape[1]
        mask = self.sees_before[:count, :count]
        x = self.z_proj_ln(x + self.encoder_pos_embed_learned[:, :count])
        for block in self.encoder_blocks:
            x = block(x, classes, self.turn("encoder", count), mask)
        x = self.decoder_embed(self.encoder_norm(x)) + self.decoder_pos_embed_learned[:, :count]
        for block in self.decoder_blocks:
            x = block(x, classes, self.turn("decoder", count), mask)
        return self.decoder_norm(x) + self.diffusion_pos_embed_learned[:, :count]

    def scales(self, tokens):
        """(all scales' tokens [B, N, C], the inputs [B, N - 1, C]) of clean tokens [B, side * side, C] of the last
        scale: smaller maps are means of it, and each is teacher for the next."""
        side = self.sides[-1]
        grid = tokens.transpose(1, 2).unflatten(2, (side, side))
        maps = [functional.interpolate(grid, size=(s, s), mode="area").flatten(2).transpose(1, 2) for s in self.sides]
        inputs = [resize_up(m, s, to) for m, s, to in zip(maps, self.sides, self.sides[1:])]
        return torch.cat(maps, 1), torch.cat(inputs, 1)

    def loss(self, scales, inputs, labels, noise, t):
        """Mean square error of the velocity noise - data on the line between them, over all scales' tokens.
        scales, noise: [B, N, C]; t: [B, scales], a time for each scale."""
        time = t[:, self.scale_of]
        z = self.conditions(labels, inputs)
        x = scales + time[..., None] * (noise - scales)
        count = z.shape[1]
        v = self.flownet(x, time, z, self.turn("flow", count), self.sees_same)
        return (v - (noise - scales)).square().mean((0, 2))
