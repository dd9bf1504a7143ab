// SPDX-License-Identifier: Apache-2.0
//
// What published code does where ardent does better, as policies of this program: a user's policies look the same.
#pragma once

#include <ardent/grid/respaced.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/process/piecewise_log_alpha.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace examples::replay {

inline constexpr int train_timesteps = 1000;  ///< T of MAR's noise process
inline constexpr int disa_clip = 950;         ///< noisiest training step of the sampler "DiSA"
inline constexpr int ddim_clip = 980;         ///< that of the sampler "DDIM"
inline constexpr int no_clip = 1001;          ///< that of the sampler "default": above the last step

/// @brief The noise process by which DPM-Solver is run: the training steps that DiSA's clip leaves, in real time.
using dpm_process = ardent::process::piecewise_log_alpha<ardent::process::cosine<train_timesteps>, disa_clip + 1>;

/// @brief grid::respaced, but a single step visits training step 0, as the published code has it.
struct published_respaced {
  /// @brief K of T timesteps, ascending.
  constexpr void timesteps(int steps, int total, int* out) const {
    if (steps == 1)
      out[0] = 0;
    else
      ardent::grid::respaced{}.timesteps(steps, total, out);
  }
};

/// @brief Denoising steps of each AR step under a strategy of the DiSA code: "linear", "cosine", "two-stage", or
/// "constant", which there means the lower number at every step.
/// @param upper     most steps
/// @param lower     fewest steps, in [1, upper]
/// @param ar_steps  number of AR steps
/// @param file      where the strategy's name comes from, for messages
/// @throws input_error for another name or upper < lower
[[nodiscard]] std::vector<int> annealed_steps(std::string const& strategy, int upper, int lower, int ar_steps,
                                              std::filesystem::path const& file);

/// @brief The training steps of a respacing as published code spells it, "25" or "9,5,4,1": as many equal sections as
/// there are numbers, each with that many steps spread over it, the first one on its first step.
/// @param text  numbers, comma-separated
/// @param key   what it is called there, for messages
/// @param file  where it comes from, for messages
/// @return ascending
/// @throws input_error if it is not so, or a section has not so many steps
[[nodiscard]] std::vector<int> respaced_by_sections(std::string const& text, char const* key,
                                                    std::filesystem::path const& file);

}  // namespace examples::replay
