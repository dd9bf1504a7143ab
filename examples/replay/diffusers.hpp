// SPDX-License-Identifier: Apache-2.0
//
// Cases of `trajectories` that ran a scheduler of diffusers on an analytic model.
#pragma once

#include "any_solver.hpp"
#include "rows.hpp"

#include <cstdint>
#include <optional>

namespace examples::replay {

/// @brief How timesteps are spaced, in the words of diffusers.
enum class timestep_spacing { leading, linspace, trailing };

/// @brief What the configuration of a scheduler comes to.
struct diffusers_plan {
  std::vector<double> alphas_cumprod;                    ///< of the training steps
  bool multistep = false;                                ///< the multistep DPM-Solver's spacing: one step finer
  timestep_spacing spacing = timestep_spacing::leading;  ///< of the timesteps
  int offset = 0;                                        ///< added to leading ones
  bool karras = false;                                   ///< Karras sigmas instead, whose last step goes to 0
  bool rounds = true;                                    ///< of these: timesteps are rounded
  bool ends_at_first = false;                            ///< ends at training step 0, not at sigma = 0
  any_solver solver;                                     ///< how steps are taken
};

/// @brief Reads a case's configuration.
/// @param one    the case
/// @param steps  its number of steps
/// @param file   for messages
/// @return nothing if it asks for an option that is not built
/// @throws input_error if a member is missing or out of range
[[nodiscard]] std::optional<diffusers_plan> read_diffusers(nlohmann::json const& one, int steps,
                                                           std::filesystem::path const& file);

/// @brief What a run gives.
struct diffusers_run {
  drawn_rows drawn;                     ///< samples and states
  std::vector<std::int64_t> timesteps;  ///< [steps]
  std::vector<float> sigmas;            ///< [steps + 1], sigma / alpha
};

/// @brief Runs it on epsilon(x, t) = 0.3 x + 0.1 sin(t / 100).
/// @param problem   what to draw
/// @param channels  numbers in a row
/// @param plan      how
[[nodiscard]] diffusers_run run_diffusers(row_problem const& problem, int channels, diffusers_plan const& plan);

}  // namespace examples::replay
