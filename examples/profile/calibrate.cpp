// SPDX-License-Identifier: Apache-2.0
//
// Fits and allots, by ardent's diagnostics.
#include "calibrate.hpp"

#include <ardent/diagnostics/calibration.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace examples::profile {
namespace {

namespace diagnostics = ardent::diagnostics;

/// The law of an AR step's errors.
diagnostics::power_law law_of(ar_step_row const& row, std::vector<int> const& requested) {
  std::vector<double> errors;
  for (std::size_t k = 0; k < requested.size(); ++k)
    errors.push_back(row.errors.empty() ? row.halving.at(k).distance * row.halving.at(k).distance
                                        : row.errors.at(k).energy);
  const auto seen = std::count_if(errors.begin(), errors.end(), [](double e) { return e > 0; });
  if (seen >= 2) return diagnostics::fit_power_law(requested, errors);
  // nothing but noise around 0: at most that size, and less with more steps
  double size = std::fabs(row.floor);
  for (const double e : errors) size = std::max(size, std::fabs(e));
  return {size * requested.front(), 1};
}

}  // namespace

calibrated calibrate(measurements const& all, budget_of what) {
  std::vector<diagnostics::ar_step_error> errors;
  calibrated made;
  for (std::size_t i = 0; i < all.rows.size(); ++i) {
    ar_step_row const& row = all.rows[i];
    diagnostics::ar_step_error one;
    one.law = law_of(row, all.how.error_steps);
    one.weight = row.tokens * row.sensitivity;
    one.cost = what == budget_of::steps ? 1 : row.tokens;
    errors.push_back(one);
    made.budget += one.cost * all.how.annealed[i];
    made.annealed_error += one.weight * one.law(all.how.annealed[i]);
  }
  // beyond the numbers of steps that were measured the laws are only a guess
  const int least = std::max(2, all.how.error_steps.front() / 2), most = 2 * all.how.error_steps.back();
  const diagnostics::allotted found = diagnostics::least_error(errors, made.budget, least, most);
  made.steps = found.steps;
  made.predicted_error = found.error;
  made.type = diagnostics::annealing_type(found.steps);
  return made;
}

nlohmann::json to_json(calibrated const& made) {
  return {{"steps", made.steps},
          {"type", made.type},
          {"budget", made.budget},
          {"predicted_error", made.predicted_error},
          {"predicted_error_of_annealed", made.annealed_error}};
}

void print(calibrated const& by_steps, calibrated const& by_tokens) {
  std::printf("\ncalibrated, for the cost of the timed annealing; predicted error and that of the timed one\n");
  const auto line = [](char const* what, calibrated const& made) {
    std::printf("%s (%.0f): %.5f, %.5f\n  %s\n", what, made.budget, made.predicted_error, made.annealed_error,
                made.type.c_str());
  };
  line("steps of all AR steps", by_steps);
  line("steps of all tokens", by_tokens);
}

}  // namespace examples::profile
