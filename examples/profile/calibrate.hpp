// SPDX-License-Identifier: Apache-2.0
//
// From what was measured to the annealing that fits the model.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "measurements.hpp"

namespace examples::profile {

/// @brief An annealing that shares a budget by measured errors.
struct calibrated {
  std::vector<int> steps;      ///< denoising steps of each AR step, as a sampler is asked for them
  std::string type;            ///< the same as a C++ type
  double budget = 0;           ///< what the timed annealing costs, which this one is not above
  double predicted_error = 0;  ///< weighted sum of the fitted errors
  double annealed_error = 0;   ///< the same of the timed annealing
};

/// @brief What a budget counts.
enum class budget_of {
  steps,   ///< denoising steps summed over AR steps: what one image at a time pays
  tokens,  ///< denoising steps summed over tokens: what a large batch pays
};

/// @brief Fits each AR step's errors by c K^-p, weights them by the tokens it draws and by how far a change of them
/// spreads over the image, and allots the steps of the timed annealing anew.
///
/// Errors are energy distances to many steps; of a solver without noise, squares of the distance between K and 2 K
/// steps. An AR step whose errors are at their floor counts with the smallest error that could be seen.
/// @throws std::invalid_argument if nothing was measured
[[nodiscard]] calibrated calibrate(measurements const& all, budget_of what);

/// @brief As JSON.
[[nodiscard]] nlohmann::json to_json(calibrated const& made);

/// @brief Prints both.
void print(calibrated const& by_steps, calibrated const& by_tokens);

}  // namespace examples::profile
