// SPDX-License-Identifier: Apache-2.0
//
// A shortcut head under a solver that tells no step size.
// expect: or the denoiser takes a step size and the solver tells none
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
using solver = ardent::solver::flow_euler;
#else
using solver = ardent::solver::shortcut;
#endif
using plan =
    ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<4>, solver, ardent::process::flow_linear,
                    ardent::grid::time_uniform, ardent::predicts<ardent::prediction::velocity>>;
using head = ardent::denoiser::shortcut_adaln_mlp<>;

struct model {
  head own;
  int sequence_length() const { return 16; }
  head denoiser() const { return own; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const&, float*) const {}
};

void draw(model& m, std::span<float> tokens) {
  ardent::generate(plan(), m, ardent::executor::host(), ardent::random::philox(1), {1}, tokens);
}
