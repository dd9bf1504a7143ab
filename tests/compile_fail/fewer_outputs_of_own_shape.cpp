// SPDX-License-Identifier: Apache-2.0
//
// A head of one's own that says its sizes by a shape_type: it outputs fewer numbers than a token has.
// expect: ardent::generate: the denoiser's shape has fewer outputs than channels
#include <ardent/ardent.hpp>

struct own_shape {
  constexpr int channels() const { return 16; }
#ifdef ARDENT_BAD
  constexpr int outputs() const { return 8; }
#else
  constexpr int outputs() const { return 16; }
#endif
};

struct own_head : ardent::denoiser::adaln_mlp<float> {
  using shape_type = own_shape;
};

struct model {
  own_head head;
  int sequence_length() const { return 16; }
  own_head denoiser() const { return head; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const&, float*) const {}
};

std::size_t bytes(model& m) {
  return ardent::workspace_bytes(ardent::sampler<ardent::ordering::raster<16>>(), m, ardent::executor::host(), 1);
}
