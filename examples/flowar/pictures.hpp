// SPDX-License-Identifier: Apache-2.0
//
// What FlowAR's tokens are to a picture.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/pictures/token_pictures.hpp"
#include "config.hpp"

namespace examples::flowar {

/// @brief Where the tokens of the last scale lie in the picture. The constructor's arguments know tokens of one latent
/// pixel only; with "pixels" its "patch_size" says how many pixels a token has.
/// @param document  the model's JSON, of which `sizes` were read
/// @throws input_error if "vae_stride" or "pixels" are not as they have to be
[[nodiscard]] token_pictures pictures_of(nlohmann::json const& document, config const& sizes,
                                         std::filesystem::path const& file);

}  // namespace examples::flowar
