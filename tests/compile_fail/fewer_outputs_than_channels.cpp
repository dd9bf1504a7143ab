// SPDX-License-Identifier: Apache-2.0
//
// A head whose shape does not fit: it outputs fewer numbers than a token has.
// expect: ardent::generate: the denoiser's shape has fewer outputs than channels
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
using head_shape = ardent::adaln_shape<16, 8, 64, 2, 32>;
#else
using head_shape = ardent::adaln_shape<16, 16, 64, 2, 32>;
#endif

struct model {
  void const* weights;
  int sequence_length() const { return 16; }
  ardent::denoiser::adaln_mlp<float, head_shape> denoiser() const { return {head_shape{}, weights}; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const&, float*) const {}
};

std::size_t bytes(model& m) {
  return ardent::workspace_bytes(ardent::sampler<ardent::ordering::raster<16>>(), m, ardent::executor::host(), 1);
}
