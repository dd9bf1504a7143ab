// SPDX-License-Identifier: Apache-2.0
//
// Annealings as a user writes them: the number of denoising steps of each AR step.
#pragma once

#include <string>
#include <vector>

namespace examples {

/// @brief An annealing of a system's own, which UPPER:LOWER means there if no other is named.
struct own_annealing {
  char const* name;                                               ///< in the command line's words
  std::vector<int> (*steps)(int upper, int lower, int ar_steps);  ///< of each AR step
};

/// @brief The number of denoising steps of each AR step.
/// @param annealing constant, linear, cosine, two-stage, table or the system's own; empty: what the form of `steps`
///   suggests
/// @param steps "K", "UPPER:LOWER", or for a table "K,K,K,..." with a number for each AR step
/// @param ar_steps number of AR steps, at least 1
/// @param own the system's own annealing, or null; without it UPPER:LOWER suggests linear
/// @param least fewest denoising steps of an AR step
/// @throws input_error if the two do not go together, or a number is not in [least, 1000]
[[nodiscard]] std::vector<int> make_steps(std::string const& annealing, std::string const& steps, int ar_steps,
                                          own_annealing const* own = nullptr, int least = 1);

/// @brief An annealing policy's numbers of steps.
template <class Annealing>
[[nodiscard]] std::vector<int> steps_of(Annealing const& policy, int ar_steps) {
  std::vector<int> steps;
  for (int i = 0; i < ar_steps; ++i) steps.push_back(policy.steps(i, ar_steps));
  return steps;
}

}  // namespace examples
