// SPDX-License-Identifier: Apache-2.0
//
// The command line of the program profile.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "measurements.hpp"

namespace examples::profile {

/// @brief What the user asked for.
struct options {
  std::string system = "mar";                    ///< mar, flowar or xar
  std::optional<std::filesystem::path> weights;  ///< the model's tensors; nothing: the shipped model of the system
  std::optional<std::filesystem::path> config;   ///< what defines the network; nothing: the weights' name, in .json
  std::optional<std::filesystem::path> json;     ///< where all numbers are written
  std::optional<std::filesystem::path> data;     ///< folder of real images; nothing: where Debian puts them
  std::optional<std::string> plot;               ///< stem of the plots' names
  std::optional<int> ar_steps;                   ///< of mar; nothing: a quarter of the tokens
  std::string annealed = "50:5";                 ///< of the drawing that is timed, as make_steps has it
  std::string error_steps = "5,10,20,50";        ///< numbers of steps whose error is measured
  double guidance_scale = 1;                     ///< of guidance that rises linearly; 1: none
  settings how;                                  ///< how much is measured
  bool own_prefixes = false;                     ///< prefixes are those that the model drew
};

/// @brief Reads the command line.
/// @return nothing if only help was asked for; it is printed then
/// @throws input_error naming the option that is unknown, lacks its value or has a wrong one
[[nodiscard]] std::optional<options> read_options(int argc, char** argv);

}  // namespace examples::profile
