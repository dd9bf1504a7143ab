// SPDX-License-Identifier: Apache-2.0
//
// Speculative decoding with a solver whose tokens have no density: its last step adds no noise.
// expect: ardent::generate_speculative: the solver adds no noise in its last step
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
using solver = ardent::solver::ddpm<ardent::variance::fixed_small>;
#else
using solver = ardent::solver::ddpm_with_last_noise<ardent::variance::fixed_small>;
#endif
using plan = ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<4>, solver>;

void draw(ardent::unconditional_model<ardent::denoiser::gaussian_mixture<>>& target,
          ardent::unconditional_model<ardent::denoiser::gaussian_mixture<>>& draft, std::span<float> tokens) {
  ardent::generate_speculative(plan(), ardent::speculative_options<>(), target, draft, ardent::executor::host(),
                               ardent::random::philox(1), {1}, tokens);
}
