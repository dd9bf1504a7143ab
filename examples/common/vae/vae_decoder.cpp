// SPDX-License-Identifier: Apache-2.0
//
// The decoder's stages in their order, and the way from tokens to it.
#include "vae_decoder.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/error.hpp"
#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "common/pictures/pixels.hpp"
#include "vae_stages.hpp"

namespace examples {
namespace {

using vae::map;
using vae::reading;
using vae::target;

std::size_t product(std::ptrdiff_t a, std::ptrdiff_t b) { return static_cast<std::size_t>(a * b); }

// One image after the other through the network.
class decoding {
 public:
  decoding(vae::network const& network, host_executor const& executor, int height, int width)
      : network_(network), stages_(executor, network.sizes.num_groups), height_(height), width_(width) {
    std::ptrdiff_t pixels = static_cast<std::ptrdiff_t>(height) * width, most = 0, aside = 0;
    most = pixels * network.sizes.embed_dim;
    int before = network.sizes.width(network.sizes.levels() - 1);
    for (int i = network.sizes.levels() - 1; i >= 0; --i, pixels *= 4) {
      int const now = network.sizes.width(i);
      most = std::max(most, pixels * std::max(before, now));
      if (before != now) aside = std::max(aside, pixels * now);
      before = now;
    }
    here_ = aligned_floats(product(most, 1));
    there_ = aligned_floats(product(most, 1));
    aside_ = aligned_floats(product(aside, 1));
  }

  // latents [channels][height][width], pixels [out_ch][height][width]
  void run(float const* latents, float* pixels) {
    x_ = {here_.data(), height_, width_, network_.sizes.embed_dim};
    for (std::ptrdiff_t i = 0; i < x_.pixels(); ++i)
      for (int c = 0; c < x_.channels; ++c) x_.data[i * x_.channels + c] = latents[c * x_.pixels() + i];
    map const latent = swapped(x_.channels);
    stages_.pointwise(x_, network_.post_quant_conv, target::in(latent));
    enter(latent);
    convolve(reading::plain, network_.conv_in);
    block(network_.mid_1);
    attention(network_.mid_attention);
    block(network_.mid_2);
    for (std::size_t i = network_.up.size(); i-- > 0;) {
      for (vae::residual_block const& layer : network_.up[i].blocks) block(layer);
      if (network_.up[i].upsample.side > 0) convolve(reading::enlarged, network_.up[i].upsample);
    }
    stages_.convolve(x_, reading::normalised, &network_.norm_out, network_.conv_out, {pixels, 1, x_.pixels(), false});
  }

 private:
  // A map of x's size in the other memory.
  [[nodiscard]] map swapped(int channels) { return {there_.data(), x_.height, x_.width, channels}; }
  void enter(map const& next) {
    std::swap(here_, there_);
    x_ = next;
  }

  void convolve(reading how, vae::convolution const& layer) {
    map next = swapped(layer.taps.outputs);
    if (how == reading::enlarged) next.height *= 2, next.width *= 2;
    stages_.convolve(x_, how, nullptr, layer, target::in(next));
    enter(next);
  }

  void block(vae::residual_block const& layer) {
    map const inner = swapped(layer.conv1.taps.outputs);
    stages_.convolve(x_, reading::normalised, &layer.norm1, layer.conv1, target::in(inner));
    if (layer.shortcut.side > 0) {
      map const changed{aside_.data(), x_.height, x_.width, inner.channels};
      stages_.pointwise(x_, layer.shortcut, target::in(changed));
      x_.channels = inner.channels;
      std::copy_n(changed.data, product(x_.pixels(), x_.channels), x_.data);
    }
    stages_.convolve(inner, reading::normalised, &layer.norm2, layer.conv2, target::onto(x_));
  }

  void attention(vae::attention_block const& layer) {
    map const inner = swapped(x_.channels);
    stages_.normalise(x_, layer.norm, inner.data);
    stages_.attend(inner, layer, inner.data);
    stages_.pointwise(inner, layer.proj_out, target::onto(x_));
  }

  vae::network const& network_;
  vae::stages stages_;
  int height_, width_;
  aligned_floats here_, there_, aside_;
  map x_;  // in here_
};

}  // namespace

vae_decoder::vae_decoder(std::filesystem::path const& weights, std::optional<std::filesystem::path> const& config)
    : network_(
          [&] {
            std::filesystem::path file = config.value_or(weights);
            if (!config) file.replace_extension(".json");
            return vae_config::from_json(read_json(file), file);
          }(),
          safetensors::map(weights)) {}

std::vector<float> vae_decoder::decode(host_executor const& executor, std::span<float const> latents, int images,
                                       int height, int width) const {
  constexpr int most = 1 << 12;
  if (images < 0 || height < 1 || width < 1 || height > most || width > most)
    throw std::invalid_argument("vae_decoder: expected maps of 1 to " + std::to_string(most) + " latents a side");
  std::size_t const from = product(static_cast<std::ptrdiff_t>(height) * width, sizes().embed_dim);
  std::size_t const to =
      product(static_cast<std::ptrdiff_t>(height) * width * sizes().stride() * sizes().stride(), sizes().out_ch);
  auto const count = static_cast<std::size_t>(images);
  if (latents.size() != count * from)
    throw std::invalid_argument("vae_decoder: expected " + std::to_string(count * from) + " numbers, found " +
                                std::to_string(latents.size()));
  std::vector<float> pixels(count * to);
  decoding run(network_, executor, height, width);
  for (std::size_t i = 0; i < count; ++i) run.run(latents.data() + i * from, pixels.data() + i * to);
  return pixels;
}

vae_pictures::vae_pictures(vae_decoder const& decoder, latent_layout const& tokens,
                           std::filesystem::path const& weights)
    : decoder_(decoder), tokens_(tokens) {
  if (decoder.sizes().embed_dim != tokens.channels)
    fail(weights, "a VAE of " + std::to_string(tokens.channels) + " latent channels, the model's \"vae_embed_dim\"",
         std::to_string(decoder.sizes().embed_dim));
  if (decoder.sizes().stride() != tokens.stride)
    fail(weights, "a VAE of " + std::to_string(tokens.stride) + " pixels a latent, the model's \"vae_stride\"",
         std::to_string(decoder.sizes().stride()));
}

std::vector<float> vae_pictures::operator()(host_executor const& executor, std::span<float const> tokens) const {
  std::vector<float> latents = unpatchify(tokens, tokens_.rows, tokens_.columns, tokens_.channels, tokens_.patch);
  auto const scale = static_cast<float>(decoder_.sizes().vae_scale);
  for (float& x : latents) x /= scale;
  int const height = tokens_.rows * tokens_.patch, width = tokens_.columns * tokens_.patch;
  std::size_t const size = product(static_cast<std::ptrdiff_t>(height) * width, tokens_.channels);
  std::vector<float> pixels =
      decoder_.decode(executor, latents, static_cast<int>(latents.size() / size), height, width);
  for (float& x : pixels) x = (x + 1.0F) / 2.0F;
  return pixels;
}

}  // namespace examples
