// SPDX-License-Identifier: Apache-2.0
//
// A batched model that does not say that its network reads the step's length, under the shortcut solver.
// expect: ardent::generate_batched: the solver tells the network the size of its steps, but the model does not take it
#include <ardent/ardent.hpp>

struct model {
#ifndef ARDENT_BAD
  static constexpr bool takes_step_size = true;
#endif
  int sequence_length() const { return 16; }
  ardent::network_shape<> network() const { return {1}; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const&) const {}
  template <class Executor>
  void evaluate(Executor const&, ardent::ar_step_view const&, ardent::time_point const&, float const*, float*) const {}
};

using plan = ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<4>, ardent::solver::shortcut,
                             ardent::process::flow_linear, ardent::grid::time_uniform,
                             ardent::predicts<ardent::prediction::velocity>>;

void draw(model& m, std::span<float> tokens) {
  ardent::generate_batched(plan(), m, ardent::executor::host(), ardent::random::philox(1), {1}, tokens);
}
