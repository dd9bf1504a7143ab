// SPDX-License-Identifier: Apache-2.0
//
// Sixteen compositions: four annealings by four solvers.
#include "draw.hpp"

namespace {

template <class Annealing>
void four_solvers(headed_model& model, std::vector<float>& tokens) {
  draw<Annealing, ardent::solver::ddpm<>>(model, tokens);
  draw<Annealing, ardent::solver::ddim<>>(model, tokens);
  draw<Annealing, ardent::solver::dpm_solver_pp<2>>(model, tokens);
  draw<Annealing, ardent::solver::unipc_2<>>(model, tokens);
}

}  // namespace

void run(headed_model& model, std::vector<float>& tokens) {
  four_solvers<ardent::annealing::constant<50>>(model, tokens);
  four_solvers<ardent::annealing::two_stage<50, 5>>(model, tokens);
  four_solvers<ardent::annealing::linear<50, 5>>(model, tokens);
  four_solvers<ardent::annealing::cosine<50, 5>>(model, tokens);
}
