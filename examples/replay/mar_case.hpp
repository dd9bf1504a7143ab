// SPDX-License-Identifier: Apache-2.0
//
// A case of `mar_tiny`, what is common to all of them, and its run by each kind of sampler.
#pragma once

#include "recording.hpp"

#include "mar/model.hpp"

#include <string>
#include <vector>

namespace examples::replay {

/// @brief The network of a recording.
struct mar_system {
  recording const& from;                   ///< the recording
  ardent::executor::host const& executor;  ///< runs backbone and head
  mar::backbone backbone;                  ///< encoder and decoder
  adaln_head<float> head;                  ///< diffusion head
};

/// @brief How a case is sampled.
struct mar_case {
  std::string name;           ///< as in "case_a"
  std::string sampler;        ///< "DiSA", "default", "DDIM", "DPM_Solver" or "DPM_Solver++"
  std::vector<int> steps;     ///< denoising steps asked for at each AR step
  double guidance_scale = 1;  ///< cfg: 1 is one branch
  bool linear = false;        ///< the guidance scale rises with the tokens known
  double temperature = 1;     ///< factor on DDPM's step noise
  std::vector<int> labels;    ///< of each image; mar::no_label without classes

  /// @brief AR steps.
  [[nodiscard]] int ar_steps() const { return static_cast<int>(steps.size()); }
  /// @brief Images of the batch.
  [[nodiscard]] int images() const { return static_cast<int>(labels.size()); }
};

/// @brief Reads the network.
/// @throws input_error if a tensor is not as it has to be, or backbone and head do not fit one another
[[nodiscard]] mar_system read_mar_system(recording const& from, request const& what);

/// @brief Reads of a case what does not depend on its sampler: all but `sampler` and `steps`.
/// @throws input_error if a member is missing or out of range
[[nodiscard]] mar_case read_mar_numbers(nlohmann::json const& one, mar_system const& system);

/// @brief Reads a case.
/// @throws input_error if a member is missing or out of range
[[nodiscard]] mar_case read_mar_case(nlohmann::json const& one, mar_system const& system);

/// @brief One AR step of a run.
struct mar_step {
  int rows = 0;                      ///< tokens drawn, over all images
  std::vector<float> samples;        ///< [rows][channels], images in turn, raster order within an image
  std::vector<float> unconditional;  ///< the same of the unconditional branch where it is drawn by itself; else empty
  std::vector<float> conditions;     ///< [branches][rows][condition_width]
};

/// @brief A run.
struct mar_run {
  std::vector<float> tokens;    ///< [images][sequence_length][channels]
  std::vector<mar_step> steps;  ///< its AR steps
};

/// @brief Runs "DiSA" and "default": DDPM on the respaced grid.
[[nodiscard]] mar_run run_mar_ddpm(mar_system const& system, mar_case const& one);
/// @brief Runs "DDIM", which is guided.
[[nodiscard]] mar_run run_mar_ddim(mar_system const& system, mar_case const& one);
/// @brief Runs "DPM_Solver" and "DPM_Solver++". As in the published code a guidance scale other than 1 makes a second,
/// unconditional branch, but the two are denoised by themselves and the first goes on: there is no guidance.
[[nodiscard]] mar_run run_mar_dpm(mar_system const& system, mar_case const& one);

}  // namespace examples::replay
