// SPDX-License-Identifier: Apache-2.0
//
// A solver that reads a variance from a head with one output for each channel.
// expect: ardent::generate: the solver reads a variance, but the denoiser has no second half of outputs for it
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
using head_shape = ardent::adaln_shape<16, 16, 64, 2, 32>;
#else
using head_shape = ardent::adaln_shape<16, 32, 64, 2, 32>;
#endif

struct model {
  void const* weights;
  int sequence_length() const { return 16; }
  ardent::denoiser::adaln_mlp<float, head_shape> denoiser() const { return {head_shape{}, weights}; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const&, float*) const {}
};

std::size_t bytes(model& m) {
  using sampler = ardent::sampler<ardent::ordering::raster<16>, ardent::solver::ddpm<ardent::variance::learned_range>>;
  return ardent::workspace_bytes(sampler(), m, ardent::executor::host(), 1);
}
