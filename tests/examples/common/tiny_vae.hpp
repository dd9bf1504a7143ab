// SPDX-License-Identifier: Apache-2.0
//
// A VAE's decoder with made-up weights, as small as one can be.
#pragma once

#include <cmath>
#include <filesystem>
#include <span>
#include <string>

#include "bad_input.hpp"
#include "common/files/safetensors.hpp"
#include "support/made_numbers.hpp"

namespace bad_input {

/// @brief Writes vae.safetensors and vae.json: 4 channels within, a block a level, 3 colours.
/// @param latents channels of a latent pixel
/// @param levels  a latent pixel is 2^(levels - 1) pixels wide
/// @return the weights' file
inline std::filesystem::path put_tiny_vae(std::filesystem::path const& folder, int latents, int levels) {
  std::string ones = "1";
  for (int i = 1; i < levels; ++i) ones += ", 1";
  put(folder / "vae.json", R"({"constructor": {"embed_dim": )" + std::to_string(latents) +
                               R"(, "ch": 4, "ch_mult": [)" + ones + R"(], "num_res_blocks": 0, "num_groups": 2}})");
  test::made_numbers numbers(6);
  examples::safetensors_writer writer;
  auto const conv = [&](std::string const& name, int out, int in, int side) {
    int const taps = in * side * side;
    writer.add(name + ".weight", {out, in, side, side},
               std::span<float const>(numbers.normals(out * taps, 1 / std::sqrt(taps))));
    writer.add(name + ".bias", {out}, std::span<float const>(numbers.normals(out, 0.1)));
  };
  auto const norm = [&](std::string const& name) {
    writer.add(name + ".weight", {4}, std::span<float const>(numbers.normals(4, 0.3, 1)));
    writer.add(name + ".bias", {4}, std::span<float const>(numbers.normals(4, 0.3)));
  };
  auto const block = [&](std::string const& name) {
    for (std::string const part : {"1", "2"}) {
      norm(name + ".norm" + part);
      conv(name + ".conv" + part, 4, 4, 3);
    }
  };
  conv("post_quant_conv", latents, latents, 1);
  conv("decoder.conv_in", 4, latents, 3);
  block("decoder.mid.block_1");
  block("decoder.mid.block_2");
  for (int i = 0; i < levels; ++i) {
    std::string const level = "decoder.up." + std::to_string(i);
    block(level + ".block.0");
    if (i > 0) conv(level + ".upsample.conv", 4, 4, 3);
  }
  norm("decoder.mid.attn_1.norm");
  for (char const* part : {"q", "k", "v", "proj_out"}) conv(std::string("decoder.mid.attn_1.") + part, 4, 4, 1);
  norm("decoder.norm_out");
  conv("decoder.conv_out", 3, 4, 3);
  writer.write(folder / "vae.safetensors");
  return folder / "vae.safetensors";
}

}  // namespace bad_input
