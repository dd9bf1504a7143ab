// SPDX-License-Identifier: Apache-2.0
//
// From latents to pictures: the decoder of the VAE (KL-16) that MAR, FlowAR, xAR and Harmon share, on the host in
// float32.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "common/network/host_executor.hpp"
#include "vae_config.hpp"
#include "vae_network.hpp"

namespace examples {

/// @brief A VAE's decoder. Immutable; calls may run at once, each with its own executor.
class vae_decoder {
 public:
  /// @param weights the decoder's tensors under the official names; the encoder's may be there and are not looked at
  /// @param config its JSON, see vae_config; nothing: the same name as the weights, ending in .json
  /// @throws input_error naming the file, and the tensor that is missing, misshapen, not finite or not the decoder's
  explicit vae_decoder(std::filesystem::path const& weights,
                       std::optional<std::filesystem::path> const& config = std::nullopt);

  /// @brief The constructor's arguments.
  [[nodiscard]] vae_config const& sizes() const noexcept { return network_.sizes; }

  /// @brief Decodes latents of any height and width, image by image. An image depends on no other, and not on the
  /// number of threads.
  ///
  /// Memory beside the weights: two maps of the largest level, 67 MB for 256 x 256 pixels of the published network,
  /// and about 1.5 MB a thread.
  /// @param executor its threads share the work
  /// @param latents [images][embed_dim][height][width], not scaled: tokens are divided by vae_scale before
  /// @param images, height, width at least 0, 1 and 1
  /// @return [images][out_ch][stride * height][stride * width], about [-1, 1]
  /// @throws std::invalid_argument if the latents are not of that shape
  [[nodiscard]] std::vector<float> decode(host_executor const& executor, std::span<float const> latents, int images,
                                          int height, int width) const;

 private:
  vae::network network_;
};

/// @brief How a system's tokens lie in the latents.
struct latent_layout {
  int rows = 0;      ///< tokens along a column of the picture
  int columns = 0;   ///< tokens along a row of the picture
  int channels = 0;  ///< of a latent pixel, "vae_embed_dim"
  int patch = 1;     ///< latent pixels along a side of a token, "patch_size"
  int stride = 1;    ///< pixels along a side of a latent pixel, "vae_stride"
};

/// @brief Makes pictures of a system's tokens.
class vae_pictures {
 public:
  /// @param decoder outlives it
  /// @param tokens how they lie
  /// @param weights the decoder's file, for messages
  /// @throws input_error if the decoder's latents are not those of the tokens
  vae_pictures(vae_decoder const& decoder, latent_layout const& tokens, std::filesystem::path const& weights);

  [[nodiscard]] int channels() const noexcept { return decoder_.sizes().out_ch; }                      ///< of a picture
  [[nodiscard]] int height() const noexcept { return tokens_.rows * tokens_.patch * tokens_.stride; }  ///< in pixels
  [[nodiscard]] int width() const noexcept { return tokens_.columns * tokens_.patch * tokens_.stride; }  ///< in pixels

  /// @brief Divides by vae_scale, unpatchifies, decodes, and moves [-1, 1] to [0, 1].
  /// @param tokens [images][rows * columns][channels * patch * patch]
  /// @return [images][channels()][height()][width()], in [0, 1] up to what the decoder overshoots
  /// @throws std::invalid_argument if the tokens are not a whole number of images
  [[nodiscard]] std::vector<float> operator()(host_executor const& executor, std::span<float const> tokens) const;

 private:
  vae_decoder const& decoder_;
  latent_layout tokens_;
};

}  // namespace examples
