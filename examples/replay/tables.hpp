// SPDX-License-Identifier: Apache-2.0
//
// The tables of `schedules.json`, computed from the few numbers that define each.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace examples::replay {

/// @brief JSON whose members stay in the order they were added in.
using ordered = nlohmann::ordered_json;

/// @brief Where a table comes from.
struct table_source {
  int train_timesteps = 1000;  ///< T
  std::filesystem::path file;  ///< the recording, for messages
};

/// @brief K of T steps by improved DDPM's respacing: K, clip_timesteps and sampler are read, the rest is computed.
/// @throws input_error if one is missing or out of range (also below)
[[nodiscard]] ordered respaced_table(ordered const& one, table_source const& from);
/// @brief The same by DDIM's stride.
[[nodiscard]] ordered respaced_ddim_table(ordered const& one, table_source const& from);
/// @brief All T steps, clipped at 950.
[[nodiscard]] ordered train_diffusion_table(ordered const& one, table_source const& from);
/// @brief The noise schedule of DPM-Solver over these, in float as published.
[[nodiscard]] ordered dpm_noise_schedule_table(ordered const& one, table_source const& from);
/// @brief Denoising steps of each AR step.
[[nodiscard]] ordered annealing_table(ordered const& one, table_source const& from);
/// @brief Tokens of each AR step of MAR, and its guidance scales.
[[nodiscard]] ordered mar_ordering_table(ordered const& one, table_source const& from);

/// @brief Denoising steps and guidance scales of each scale of FlowAR.
[[nodiscard]] ordered annealing_flowar_table(ordered const& one, table_source const& from);
/// @brief The same of each cell of xAR.
[[nodiscard]] ordered annealing_xar_table(ordered const& one, table_source const& from);
/// @brief FlowAR's grid in time.
[[nodiscard]] ordered flowar_grid_table(ordered const& one, table_source const& from);
/// @brief xAR's grid in time.
[[nodiscard]] ordered xar_grid_table(ordered const& one, table_source const& from);

}  // namespace examples::replay
