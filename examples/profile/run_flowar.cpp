// SPDX-License-Identifier: Apache-2.0
//
// Measuring a FlowAR.
#include <ardent/guidance/linear_by_step.hpp>

#include <cstddef>
#include <vector>

#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "common/network/resize.hpp"
#include "flowar/pictures.hpp"
#include "run.hpp"
#include "systems.hpp"

namespace examples::profile {
namespace {

/// The maps of all scales, each the means of the last one.
known_images all_scales(known_images const& last, flowar::config const& sizes) {
  known_images made{{}, last.labels};
  const int side = sizes.scale.back(), channels = sizes.vae_embed_dim;
  const std::size_t size = static_cast<std::size_t>(side * side * channels);
  for (std::size_t image = 0; image < last.tokens.size(); image += size)
    for (const int to : sizes.scale) {
      std::vector<float> between(size), map(static_cast<std::size_t>(to * to * channels));
      resize(resize_weights(side, to, side), side, to, channels, last.tokens.data() + image, between.data(),
             map.data());
      made.tokens.insert(made.tokens.end(), map.begin(), map.end());
    }
  return made;
}

}  // namespace

measurements run_flowar(options const& o, model_files const& files) {
  const nlohmann::json document = read_json(files.config);
  const safetensors weights = safetensors::map(files.weights);
  using guidance = ardent::guidance::linear_by_step<ardent::dynamic>;
  const flowar::network network(flowar::config::from_json(document, files.config), weights);
  flowar::config const& sizes = network.sizes();
  token_pictures const pictures = flowar::pictures_of(document, sizes, files.config);
  known_images known = known_of(o, pictures.patches, pictures.pixels, sizes.class_embedding_rows - 1, files.config);
  if (!known.tokens.empty()) known = all_scales(known, sizes);
  if (o.guidance_scale == 1) return run(o, flowar_system<>(network), known, flow_prediction);
  return run(o, flowar_system<guidance>(network, guidance(o.guidance_scale)), known, flow_prediction);
}

}  // namespace examples::profile
