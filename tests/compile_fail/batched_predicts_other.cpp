// SPDX-License-Identifier: Apache-2.0
//
// A batched network that predicts a velocity, for a sampler that was told of none.
// expect: ardent: the batched network predicts something else than the sampler was told
#include <ardent/ardent.hpp>
#include <ardent/batched_trajectory.hpp>

struct network {
#ifdef ARDENT_BAD
  static constexpr ardent::prediction predicted = ardent::prediction::velocity;
#else
  static constexpr ardent::prediction predicted = ardent::prediction::epsilon;
#endif
  void operator()(ardent::time_point const&, float const*, float*) const {}
};

void draw(ardent::tile const& t, std::span<std::byte> workspace, float* samples) {
  ardent::draw_batched(ardent::executor::host(1), ardent::sampler<ardent::ordering::raster<16>>(), 0, t,
                       ardent::network_shape<>{16}, network{}, ardent::random::philox(1), workspace, samples);
}
