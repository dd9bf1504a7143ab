# SPDX-License-Identifier: Apache-2.0
"""A small KL-regularised autoencoder in PyTorch, under the official parameter names: the network whose decoder
examples/common/vae/vae_decoder.hpp runs (Rombach et al., 2022; attention in the middle only, as MAR's KL-16 has it).

Shapes: pictures [n, out_ch, side, side] in [-1, 1]; latents [n, embed_dim, side / stride, side / stride].
"""
import torch
from torch import nn
from torch.nn import functional

LOG_VARIANCES = (-30.0, 20.0)  # what the encoder's are clamped to, as published


def norm(width, groups):
    return nn.GroupNorm(groups, width, eps=1e-6)


def convolution(into, out):
    return nn.Conv2d(into, out, 3, padding=1)


class ResidualBlock(nn.Module):
    def __init__(self, into, out, groups):
        super().__init__()
        self.norm1, self.conv1 = norm(into, groups), convolution(into, out)
        self.norm2, self.conv2 = norm(out, groups), convolution(out, out)
        if into != out:
            self.nin_shortcut = nn.Conv2d(into, out, 1)

    def forward(self, x):
        h = self.conv1(functional.silu(self.norm1(x)))
        h = self.conv2(functional.silu(self.norm2(h)))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + h


class Attention(nn.Module):
    """One head of all channels, between all pixels."""

    def __init__(self, width, groups):
        super().__init__()
        self.norm = norm(width, groups)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(width, width, 1) for _ in range(4))

    def forward(self, x):
        h = self.norm(x)
        q, k, v = (layer(h).flatten(2) for layer in (self.q, self.k, self.v))
        seen = (q.transpose(1, 2) @ k * x.shape[1]**-0.5).softmax(2)
        return x + self.proj_out((v @ seen.transpose(1, 2)).view_as(x))


class Middle(nn.Module):
    def __init__(self, width, groups):
        super().__init__()
        self.block_1 = ResidualBlock(width, width, groups)
        self.attn_1 = Attention(width, groups)
        self.block_2 = ResidualBlock(width, width, groups)

    def forward(self, x):
        return self.block_2(self.attn_1(self.block_1(x)))


class Resize(nn.Module):
    """A convolution behind a doubling, or one that halves."""

    def __init__(self, width, halves):
        super().__init__()
        self.halves = halves
        self.conv = nn.Conv2d(width, width, 3, stride=2) if halves else convolution(width, width)

    def forward(self, x):
        # the published one pads on the right and below only
        return self.conv(functional.pad(x, (0, 1, 0, 1)) if self.halves else x.repeat_interleave(2, 2).repeat_interleave(2, 3))


class Level(nn.Module):
    """Blocks at one size."""

    def __init__(self, into, out, blocks, groups):
        super().__init__()
        self.block = nn.ModuleList(ResidualBlock(out if i else into, out, groups) for i in range(blocks))

    def forward(self, x):
        for block in self.block:
            x = block(x)
        return x


class Encoder(nn.Module):
    def __init__(self, of):
        super().__init__()
        groups, widths = of["num_groups"], [of["ch"] * m for m in of["ch_mult"]]
        self.conv_in = convolution(of["out_ch"], widths[0])
        self.down = nn.ModuleList()
        for i, width in enumerate(widths):
            level = Level(widths[max(i - 1, 0)], width, of["num_res_blocks"], groups)
            if i + 1 < len(widths):
                level.downsample = Resize(width, True)
            self.down.append(level)
        self.mid = Middle(widths[-1], groups)
        self.norm_out = norm(widths[-1], groups)
        self.conv_out = convolution(widths[-1], 2 * of["embed_dim"])

    def forward(self, x):
        x = self.conv_in(x)
        for level in self.down:
            x = level(x)
            if hasattr(level, "downsample"):
                x = level.downsample(x)
        return self.conv_out(functional.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    def __init__(self, of):
        super().__init__()
        groups, widths = of["num_groups"], [of["ch"] * m for m in of["ch_mult"]]
        self.conv_in = convolution(of["embed_dim"], widths[-1])
        self.mid = Middle(widths[-1], groups)
        self.up = nn.ModuleList()
        for i, width in enumerate(widths):
            level = Level(widths[min(i + 1, len(widths) - 1)], width, of["num_res_blocks"] + 1, groups)
            if i > 0:
                level.upsample = Resize(width, False)
            self.up.append(level)
        self.norm_out = norm(widths[0], groups)
        self.conv_out = convolution(widths[0], of["out_ch"])

    def forward(self, x):
        x = self.mid(self.conv_in(x))
        for level in reversed(self.up):
            x = level(x)
            if hasattr(level, "upsample"):
                x = level.upsample(x)
        return self.conv_out(functional.silu(self.norm_out(x)))


class Autoencoder(nn.Module):
    """of: the constructor's arguments, as examples/common/vae/vae_config.hpp reads them."""

    def __init__(self, of):
        super().__init__()
        self.encoder, self.decoder = Encoder(of), Decoder(of)
        self.quant_conv = nn.Conv2d(2 * of["embed_dim"], 2 * of["embed_dim"], 1)
        self.post_quant_conv = nn.Conv2d(of["embed_dim"], of["embed_dim"], 1)

    def encode(self, pictures):
        """(mean, log variance) of the latents."""
        mean, log_variance = self.quant_conv(self.encoder(pictures)).float().chunk(2, 1)
        return mean, log_variance.clamp(*LOG_VARIANCES)

    def decode(self, latents):
        return self.decoder(self.post_quant_conv(latents)).float()

    def loss(self, pictures, noise, deviation):
        """Of each picture, the bound of -log p: a Gaussian of this deviation around what is decoded, and the divergence
        of the latents from a standard normal (Kingma and Welling, arXiv 1312.6114), over the number of pixels."""
        mean, log_variance = self.encode(pictures)
        decoded = self.decode(mean + torch.exp(0.5 * log_variance) * noise)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).flatten(1).sum(1)
        error = (decoded - pictures).square().flatten(1).sum(1) / (2 * deviation**2)
        return (error + divergence) / pictures[0].numel()
