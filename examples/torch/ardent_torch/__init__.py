# SPDX-License-Identifier: Apache-2.0
"""ardent's diffusion head in place of the `sample` of a published DiffLoss (MAR, Harmon); see docs/torch.md.

    head = ardent_torch.diffusion_head(model.diffloss.net, annealing="50:5", grid_clip=950)
    model.diffloss.sample = head.sample
    head.begin(ar_steps=64, seed=1)  # before each model.sample_tokens(num_iter=64, ...)
"""
from ardent_torch.head import DiffusionHead, diffusion_head

__all__ = ["DiffusionHead", "diffusion_head"]
