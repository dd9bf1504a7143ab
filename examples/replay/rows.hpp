// SPDX-License-Identifier: Apache-2.0
//
// Rows drawn by a diffusion head from conditions that are given: a generation of one AR step without a backbone.
#pragma once

#include "any_solver.hpp"
#include "recording.hpp"

#include "common/network/adaln_head.hpp"

#include <string>
#include <vector>

namespace examples::replay {

/// @brief What is drawn, and from what. Views: the recording outlives it.
struct row_problem {
  recording const& from;                   ///< where the draws are
  ardent::executor::host const& executor;  ///< runs the kernels
  std::string prefix;                      ///< what stands before "draw000" in the recording
  int rows = 0;                            ///< rows of the result
  int steps = 0;                           ///< denoising steps asked for
  double guidance_scale = 1;               ///< 1: one branch
  std::vector<float> start;                ///< [rows][channels]
  std::vector<float> conditions;           ///< [branches][rows][condition_width], conditional rows first
};

/// @brief Rows, and what they were on the way.
struct drawn_rows {
  std::vector<float> samples;  ///< [rows][channels]
  std::vector<float> states;   ///< [effective steps + 1][rows][channels], from the start to the samples; may be empty
};

/// @brief DDPM with learned-range variance on the respaced grid.
/// @param problem      what to draw
/// @param head         the denoiser
/// @param clip         noisiest training step visited
/// @param temperature  factor on the noise of each step, at least 0
drawn_rows draw_ddpm(row_problem const& problem, adaln_head<float> const& head, int clip, double temperature);

/// @brief DDIM on the strided grid.
/// @param problem  what to draw
/// @param head     the denoiser
/// @param clip     noisiest training step visited
/// @param eta      in [0, 1]
drawn_rows draw_ddim(row_problem const& problem, adaln_head<float> const& head, int clip, double eta);

/// @brief How the times of DPM-Solver are spaced.
enum class time_spacing {
  uniform,    ///< "time_uniform"
  quadratic,  ///< "time_quadratic"
  logsnr,     ///< "logSNR"
};

/// @brief DPM-Solver as published.
struct dpm_plan {
  multistep_choice solver;                       ///< kind and order
  time_spacing spacing = time_spacing::uniform;  ///< of the grid
  double start = 0;                              ///< first time
  double end = 0;                                ///< last time, below the first
};

/// @brief DPM-Solver and DPM-Solver++, multistep; one branch, whatever the guidance scale. Gives states.
/// @param problem  what to draw
/// @param head     the denoiser
/// @param plan     how
drawn_rows draw_dpm(row_problem const& problem, adaln_head<float> const& head, dpm_plan const& plan);

/// @brief The times that it visits, and the end: steps + 1 of them.
[[nodiscard]] std::vector<float> dpm_times(int steps, dpm_plan const& plan);

}  // namespace examples::replay
