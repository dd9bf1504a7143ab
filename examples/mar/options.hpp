// SPDX-License-Identifier: Apache-2.0
//
// The command line of the program mar.
#pragma once

#include <optional>
#include <string>

#include "checkpoint.hpp"
#include "common/program/drawing_options.hpp"
#include "drawing.hpp"
#include "plan.hpp"

namespace examples::mar {

/// @brief What the user asked for, each option checked by itself.
struct options : drawing_options {
  examples::model_files files;      ///< the model
  std::optional<int> ar_steps;      ///< nothing: a quarter of the tokens
  std::string annealing;            ///< as make_steps has it
  std::string steps = "50:5";       ///< as make_steps has it
  solver_words solver;              ///< as make_solver has it
  int clip = 950;                   ///< noisiest training step that is visited
  std::string guidance = "linear";  ///< as make_guidance has it
  double guidance_scale = 2.0;      ///< likewise
  std::string head = "float32";     ///< how the head keeps its weights: float32, bf16 or int8
  bool gpu = false;                 ///< draws on the current CUDA device
  caches cache;                     ///< what is taken over from earlier steps
  bool backbone_bfloat16 = false;   ///< how the transformer keeps its matrices
};

/// @brief Reads the command line.
/// @return nothing if only help was asked for; it is printed then
/// @throws input_error naming the option that is unknown, lacks its value or has a wrong one
[[nodiscard]] std::optional<options> read_options(int argc, char** argv);

/// @brief Completes the options by what the model says, and checks them against it: labels and AR steps, and where the
/// pictures go (mar.png, unless other outputs are asked for).
/// @throws input_error naming the option that does not fit the model
[[nodiscard]] request make_request(options& given, checkpoint const& trained);

}  // namespace examples::mar
