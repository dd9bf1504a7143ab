// SPDX-License-Identifier: Apache-2.0
//
// One composition: MAR with DiSA.
#include "draw.hpp"

void run(headed_model& model, std::vector<float>& tokens) {
  draw<ardent::annealing::linear<50, 5>, ardent::solver::ddpm<>>(model, tokens);
}
