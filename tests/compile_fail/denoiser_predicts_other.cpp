// SPDX-License-Identifier: Apache-2.0
//
// A denoiser that predicts epsilon under a sampler that was told v.
// expect: ardent::generate: the denoiser predicts something else than the sampler was told
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
using predicts = ardent::predicts<ardent::prediction::v>;
#else
using predicts = ardent::predicts<ardent::prediction::epsilon>;
#endif

void draw(ardent::unconditional_model<ardent::denoiser::gaussian_mixture<>>& model, std::span<float> tokens) {
  ardent::generate(ardent::sampler<ardent::ordering::raster<16>, predicts>(), model, ardent::executor::host(),
                   ardent::random::philox(1), {1}, tokens);
}
