// SPDX-License-Identifier: Apache-2.0
//
// A model that lacks condition().
// expect: ardent::generate: the model lacks sequence_length\(\), denoiser\(\) or condition\(executor, view, z\)
#include <ardent/ardent.hpp>

struct model {
  int sequence_length() const { return 16; }
  ardent::denoiser::gaussian_mixture<> denoiser() const { return {1, 0, nullptr, nullptr, nullptr}; }
#ifndef ARDENT_BAD
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const&, float*) const {}
#endif
};

void draw(model& m, std::span<float> tokens) {
  ardent::generate(ardent::sampler<ardent::ordering::raster<16>>(), m, ardent::executor::host(),
                   ardent::random::philox(1), {1}, tokens);
}
