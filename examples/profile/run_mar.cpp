// SPDX-License-Identifier: Apache-2.0
//
// Measuring a MAR.
#include <ardent/guidance/linear.hpp>

#include <algorithm>
#include <string>

#include "common/error.hpp"
#include "run.hpp"
#include "systems.hpp"

namespace examples::profile {

measurements run_mar(options const& o, model_files const& files) {
  const mar::checkpoint trained({files.weights, files.config});
  const int length = trained.sizes().seq_len(), ar_steps = o.ar_steps.value_or(std::max(1, length / 4));
  if (ar_steps > length)
    fail("--ar-steps", "1 to " + std::to_string(length) + ", the tokens of an image", std::to_string(ar_steps));
  const known_images known =
      known_of(o, mar::patches_of(trained.sizes()), trained.pixels(), trained.sizes().class_num, files.config);
  char const* const prediction = "token from condition";
  if (o.guidance_scale == 1) return run(o, mar_system<>(trained, ar_steps), known, prediction);
  using guidance = ardent::guidance::linear<ardent::dynamic>;
  return run(o, mar_system<guidance>(trained, ar_steps, guidance(o.guidance_scale)), known, prediction);
}

}  // namespace examples::profile
