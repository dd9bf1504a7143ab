// SPDX-License-Identifier: Apache-2.0
//
// Rows drawn by a diffusion head from conditions that are given: a generation of one AR step without a backbone.
#pragma once

#include "recording.hpp"

#include "common/adaln_head.hpp"

#include <string>
#include <vector>

namespace examples::replay {

/// @brief What is drawn, and from what. Views: the recording and the head outlive it.
struct row_problem {
  recording const& from;                   ///< where the draws are
  ardent::executor::host const& executor;  ///< runs the kernels
  adaln_head<float> const& head;           ///< the denoiser
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
/// @param clip         noisiest training step visited
/// @param temperature  factor on the noise of each step, at least 0
drawn_rows draw_ddpm(row_problem const& problem, int clip, double temperature);

/// @brief DDIM on the strided grid.
/// @param problem  what to draw
/// @param clip     noisiest training step visited
/// @param eta      in [0, 1]
drawn_rows draw_ddim(row_problem const& problem, int clip, double eta);

/// @brief DPM-Solver of order 1 on a uniform grid in time; one branch, whatever the guidance scale. Gives states.
/// @param problem   what to draw
/// @param plusplus  the data form (DPM-Solver++)
/// @param start     first time
/// @param end       last time, below the first
drawn_rows draw_dpm(row_problem const& problem, bool plusplus, double start, double end);

}  // namespace examples::replay
