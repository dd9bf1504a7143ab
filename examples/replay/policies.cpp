// SPDX-License-Identifier: Apache-2.0
//
// Annealing by the name of its strategy.
#include "policies.hpp"

#include "common/error.hpp"

#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/two_stage.hpp>

namespace examples::replay {

namespace {

template <ardent::annealing_policy Annealing>
std::vector<int> listed(Annealing const& annealing, int ar_steps) {
  std::vector<int> steps;
  for (int i = 0; i < ar_steps; ++i) steps.push_back(annealing.steps(i, ar_steps));
  return steps;
}

}  // namespace

std::vector<int> annealed_steps(std::string const& strategy, int upper, int lower, int ar_steps,
                                std::filesystem::path const& file) {
  if (lower < 1 || upper < lower)
    fail(file, "1 <= lower steps <= upper steps", std::to_string(lower) + " and " + std::to_string(upper));
  namespace annealing = ardent::annealing;
  if (strategy == "linear") return listed(annealing::linear{upper, lower}, ar_steps);
  if (strategy == "cosine") return listed(annealing::cosine{upper, lower}, ar_steps);
  if (strategy == "two-stage") return listed(annealing::two_stage{upper, lower}, ar_steps);
  if (strategy == "constant") return listed(annealing::constant{lower}, ar_steps);
  fail(file, "an annealing strategy \"linear\", \"cosine\", \"two-stage\" or \"constant\"",
       "\"" + printable(strategy) + "\"");
}

}  // namespace examples::replay
