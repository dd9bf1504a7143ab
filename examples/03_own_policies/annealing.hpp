// SPDX-License-Identifier: Apache-2.0
//
// An annealing of one's own: how many denoising steps each AR step gets.
#pragma once

namespace own {

/// @brief Stays near Upper for longer than linear annealing: Lower + floor((Upper - Lower) sqrt((L - s) / L)),
/// L = n - 1. `steps` is all that an annealing policy needs; being constexpr and without members makes it a static one,
/// whose tables the compiler computes.
template <int Upper, int Lower>
struct square_root_annealing {
  constexpr int steps(int ar_step, int ar_steps) const {
    constexpr int range = Upper - Lower;
    int const last = ar_steps - 1, left = last - ar_step;
    int above = 0;  // counted up, since std::sqrt is no constant expression
    while (above < range && (above + 1) * (above + 1) * last <= range * range * left) ++above;
    return Lower + above;
  }
};

}  // namespace own
