// SPDX-License-Identifier: Apache-2.0
//
// What xAR's tokens are to a picture.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "common/error.hpp"
#include "common/pictures/token_pictures.hpp"
#include "config.hpp"

namespace examples::xar {

/// @brief Where the tokens lie in the picture.
/// @param document  the model's JSON, of which `sizes` were read
/// @throws input_error if "pixels" is not as it has to be, or the tokens are latents
[[nodiscard]] inline token_pictures pictures_of(nlohmann::json const& document, config const& sizes,
                                                std::filesystem::path const& file) {
  if (document.contains("pixels") && sizes.vae_stride != 1)
    fail(file, "\"vae_stride\" 1 where there is \"pixels\"", std::to_string(sizes.vae_stride));
  patch_layout const patches{sizes.side(), sizes.patch_size, sizes.vae_embed_dim};
  return {patches, read_pixel_map(document, patches, file), sizes.vae_stride};
}

}  // namespace examples::xar
