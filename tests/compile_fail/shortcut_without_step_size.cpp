// SPDX-License-Identifier: Apache-2.0
//
// A denoiser that knows nothing of the step's length under the shortcut solver.
// expect: ardent::generate: either the solver tells the denoiser the size of its steps and the denoiser does not take
// it
#include <ardent/ardent.hpp>

struct velocity_of_token {
  static constexpr ardent::prediction predicted = ardent::prediction::velocity;
#ifndef ARDENT_BAD
  static constexpr bool takes_step_size = true;
#endif
  ARDENT_HD int channels() const { return 1; }
  ARDENT_HD int outputs() const { return 1; }
  ARDENT_HD int condition_width() const { return 0; }
  ARDENT_INLINE void operator()(float const* x, ardent::time_point const&, float const*, float* output) const {
    output[0] = x[0];
  }
};

using plan = ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<4>, ardent::solver::shortcut,
                             ardent::process::flow_linear, ardent::grid::time_uniform,
                             ardent::predicts<ardent::prediction::velocity>>;

void draw(ardent::unconditional_model<ardent::denoiser::pointwise<velocity_of_token>>& model, std::span<float> tokens) {
  ardent::generate(plan(), model, ardent::executor::host(), ardent::random::philox(1), {1}, tokens);
}
