// SPDX-License-Identifier: Apache-2.0
//
// The program flowar's own options: an examples::generator_options.
#pragma once

#include <string>
#include <vector>

#include "common/program/command_line.hpp"

namespace examples::flowar {

/// @brief The program's name and its own options.
struct options {
  static constexpr char const* name = "flowar";
  static constexpr char const* summary = "Draws images with a trained FlowAR (next-scale) model through ardent.";
  static constexpr char const* shipped = "fashion_flowar";

  /// @brief What they choose.
  struct choices {
    std::string annealing;            ///< as make_steps has it
    std::string steps = "25:15";      ///< as make_steps has it
    std::string guidance = "linear";  ///< as make_step_guidance has it
    double guidance_scale = 2.0;      ///< likewise
    double guidance_interval = 0.9;   ///< guidance acts from this time on; time runs from 1 to 0
  };

  /// @brief Declares them.
  static void add_options(CLI::App& app, choices& c);
  /// @brief Checks what is wrong by itself.
  /// @throws input_error naming the option
  static void check(choices const& c);
  /// @brief The number of denoising steps of each scale.
  /// @throws input_error as make_steps; the grid has no scale of fewer steps than grid::flowar::least_steps
  [[nodiscard]] static std::vector<int> steps_of_scales(choices const& c, int scales);
};

}  // namespace examples::flowar
