// SPDX-License-Identifier: Apache-2.0
//
// Measuring an xAR.
#include <ardent/guidance/linear_by_step.hpp>

#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "run.hpp"
#include "systems.hpp"
#include "xar/pictures.hpp"

namespace examples::profile {

measurements run_xar(options const& o, model_files const& files) {
  const nlohmann::json document = read_json(files.config);
  const safetensors weights = safetensors::map(files.weights);
  using guidance = ardent::guidance::linear_by_step<ardent::dynamic>;
  const xar::network network(xar::config::from_json(document, files.config), weights);
  xar::config const& sizes = network.sizes();
  token_pictures const pictures = xar::pictures_of(document, sizes, files.config);
  const known_images known =
      known_of(o, pictures.patches, pictures.pixels, sizes.class_embedding_rows - 1, files.config);
  if (o.guidance_scale == 1) return run(o, xar_system<>(network), known, flow_prediction);
  return run(o, xar_system<guidance>(network, guidance(o.guidance_scale)), known, flow_prediction);
}

}  // namespace examples::profile
