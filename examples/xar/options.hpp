// SPDX-License-Identifier: Apache-2.0
//
// The program xar's own options: an examples::generator_options.
#pragma once

#include <string>
#include <vector>

#include "common/program/command_line.hpp"

namespace examples::xar {

/// @brief The program's name and its own options.
struct options {
  static constexpr char const* name = "xar";
  static constexpr char const* summary = "Draws images with a trained xAR (next-cell) model through ardent.";
  static constexpr char const* shipped = "fashion_xar";

  /// @brief What they choose.
  struct choices {
    std::string annealing;                  ///< as make_steps has it
    std::string steps = "50:15";            ///< as make_steps has it
    std::string solver = "euler-maruyama";  ///< or euler, on equal steps
    std::string guidance = "linear";        ///< as make_step_guidance has it
    double guidance_scale = 2.0;            ///< likewise
  };

  /// @brief Declares them.
  static void add_options(CLI::App& app, choices& c);
  /// @brief Checks what is wrong by itself.
  /// @throws input_error naming the option
  static void check(choices const& c);
  /// @brief The number of denoising steps of each cell.
  /// @throws input_error as make_steps
  [[nodiscard]] static std::vector<int> steps_of_cells(choices const& c, int cells);
};

}  // namespace examples::xar
