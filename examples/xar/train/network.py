# SPDX-License-Identifier: Apache-2.0
"""xAR in PyTorch under the official parameter names (Ren et al., Beyond Next-Token: Next-X Prediction for
Autoregressive Visual Generation, arXiv 2502.20388): what examples/xar computes, and its loss."""
import torch
from torch import nn

from modulated import ModulatedBlock, RMSNorm, TimeEmbedding, initialise, rotations, timesteps


class XAR(nn.Module):
    """The whole network. config: the member "constructor" of a model's JSON; derived: its member "derived". All tokens
    are in the order of the cells."""

    def __init__(self, config, derived):
        super().__init__()
        encoder, decoder, ratio = config["encoder_embed_dim"], config["decoder_embed_dim"], config["mlp_ratio"]
        channels = config["vae_embed_dim"] * config["patch_size"]**2
        side = config["img_size"] // config["vae_stride"] // config["patch_size"]
        (down, across), (height, width) = derived["cell_grid"], derived["cell_size"]
        self.cells, self.cell_tokens, self.channels = down * across, height * width, channels
        self.unconditional = derived["uncond_label"]
        self.encoder_pos_embed_learned = nn.Parameter(torch.zeros(1, side * side, encoder))
        self.decoder_pos_embed_learned = nn.Parameter(torch.zeros(1, side * side, decoder))
        self.class_emb = nn.Embedding(derived["class_embedding_rows"], encoder)
        self.time_embed = TimeEmbedding(encoder)
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
        self.pred = nn.Linear(decoder, channels)

        raster = torch.arange(side * side).reshape(down, height, across, width).transpose(1, 2).flatten()
        cell = torch.arange(side * side) // self.cell_tokens
        self.register_buffer("positions", raster, persistent=False)  # in raster order, of each token in order of cells
        self.register_buffer("sees_before", cell[:, None] >= cell[None, :], persistent=False)
        for name, head in (("encoder", encoder // config["encoder_num_heads"]),
                           ("decoder", decoder // config["decoder_num_heads"])):
            cosine, sine = rotations(raster // side, raster % side, head)
            self.register_buffer(f"{name}_cosine", cosine, persistent=False)
            self.register_buffer(f"{name}_sine", sine, persistent=False)
        initialise(self)

    def memories(self):
        """Empty keys and values of all blocks, for forward()."""
        return [[] for _ in range(len(self.encoder_blocks) + len(self.decoder_blocks))]

    def forward(self, x, t, labels, first=0, memories=None, keep=False):
        """Velocities [B, n, C]. x: [B, n, C], whole cells from cell `first` on, at times t [B, cells]; labels: [B].
        Without memories the cells see themselves and those before; with them, which hold the cells before `first`,
        there must be one cell. keep: the memories take it in."""
        begin, count = first * self.cell_tokens, x.shape[1]
        places = slice(begin, begin + count)
        mask = self.sees_before[places, places] if memories is None else None
        memory = iter(memories or [None] * (len(self.encoder_blocks) + len(self.decoder_blocks)))
        condition = self.class_emb(labels)[:, None] + self.time_embed(timesteps(t))
        x = self.z_proj_ln(self.z_proj(x) + self.encoder_pos_embed_learned[:, places])
        for block in self.encoder_blocks:
            x = block(x, condition, (self.encoder_cosine[places], self.encoder_sine[places]), mask, next(memory), keep)
        x = self.decoder_embed(self.encoder_norm(x)) + self.decoder_pos_embed_learned[:, places]
        for block in self.decoder_blocks:
            x = block(x, condition, (self.decoder_cosine[places], self.decoder_sine[places]), mask, next(memory), keep)
        return self.pred(self.decoder_norm(x)).float()

    def loss(self, tokens, labels, noise, t):
        """Mean square error of the velocity noise - data, [cells]: all cells at once, each noisy at its own time, so
        that those before are noisy context (noisy context learning). tokens, noise: [B, n, C]; t: [B, cells]."""
        time = t.repeat_interleave(self.cell_tokens, 1)[..., None]
        v = self.forward(tokens + time * (noise - tokens), t, labels)
        return (v - (noise - tokens)).square().mean((0, 2)).unflatten(0, (self.cells, -1)).mean(1)
