// SPDX-License-Identifier: Apache-2.0
//
// Reads what FlowAR's tokens are to a picture.
#include "pictures.hpp"

#include <string>

#include "common/error.hpp"
#include "common/files/json.hpp"

namespace examples::flowar {

token_pictures pictures_of(nlohmann::json const& document, config const& sizes, std::filesystem::path const& file) {
  token_pictures made;
  made.patches = {sizes.scale.back(), 1, sizes.vae_embed_dim};
  nlohmann::json const& arguments = document.at("constructor");
  made.vae_stride = 16;
  if (arguments.contains("vae_stride"))
    made.vae_stride = static_cast<int>(integer_member(arguments, "vae_stride", 1, 1 << 15, file));
  if (!document.contains("pixels")) return made;
  int const patch = static_cast<int>(integer_member(document.at("pixels"), "patch_size", 1, 64, file));
  if (sizes.vae_embed_dim % (patch * patch) != 0)
    fail(file,
         "\"patch_size\" of the pixels whose square divides \"vae_embed_dim\", " + std::to_string(sizes.vae_embed_dim),
         std::to_string(patch));
  made.patches = {sizes.scale.back(), patch, sizes.vae_embed_dim / (patch * patch)};
  made.pixels = read_pixel_map(document, made.patches, file);
  return made;
}

}  // namespace examples::flowar
