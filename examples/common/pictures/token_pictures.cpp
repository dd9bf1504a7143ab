// SPDX-License-Identifier: Apache-2.0
//
// Both ways from tokens to pictures.
#include "token_pictures.hpp"

#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include "common/network/host_executor.hpp"
#include "common/vae/vae_decoder.hpp"

namespace examples {

picture_maker token_pictures::maker(std::optional<std::filesystem::path> const& vae,
                                    std::optional<std::filesystem::path> const& vae_config, int threads) const {
  if (pixels) {
    int const side = picture_side(patches, *pixels);
    return {patches.channels, side, side, [patches = patches, map = *pixels](std::span<float const> tokens) {
              return tokens_to_pixels(patches, map, tokens);
            }};
  }
  if (!vae) throw std::invalid_argument("token_pictures: latents without a decoder");
  auto const decoder = std::make_shared<vae_decoder const>(*vae, vae_config);
  auto const executor = std::make_shared<host_executor const>(threads);
  vae_pictures const made(*decoder, {patches.side, patches.side, patches.channels, patches.patch, vae_stride}, *vae);
  return {made.channels(), made.height(), made.width(),
          [decoder, executor, made](std::span<float const> tokens) { return made(*executor, tokens); }};
}

}  // namespace examples
