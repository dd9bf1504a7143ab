// SPDX-License-Identifier: Apache-2.0
//
// The command line of the program harmon.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint.hpp"
#include "common/program/drawing_options.hpp"
#include "drawing.hpp"
#include "prompts.hpp"

namespace examples::harmon {

/// @brief What the user asked for, each option checked by itself. Labels and images of the base are not used: prompts
/// stand in their place.
struct options : drawing_options {
  std::optional<model_files> files;                  ///< the model; nothing: untrained
  std::uint64_t untrained = 0;                       ///< seed of the untrained model's weights
  prompt_list prompts;                               ///< what to draw
  std::optional<std::filesystem::path> prompt_file;  ///< where they come from, if from a file
  int images_per_prompt = 1;                         ///< of each prompt, one after the other
  std::string image_size;                            ///< "512" or "WIDTHxHEIGHT" in pixels; empty: the default
  std::optional<int> ar_steps;                       ///< nothing: 64, or the tokens if they are fewer
  std::string annealing;                             ///< as mar::make_steps has it
  std::string steps = "50:5";                        ///< likewise
  std::string guidance = "constant";                 ///< as mar::make_guidance has it
  double guidance_scale = 3.0;                       ///< likewise
  double temperature = 1.0;                          ///< factor on DDPM's noise
  bool backbone_bfloat16 = false;                    ///< how the backbone keeps its matrices
  std::optional<std::filesystem::path> out_geneval;  ///< a folder for each prompt, as GenEval reads them

  /// @brief Four images at a time.
  options() { batch = 4; }
};

/// @brief Reads the command line, and the prompts' file if there is one.
/// @return nothing if only help was asked for; it is printed then
/// @throws input_error naming the option that is unknown, lacks its value or has a wrong one, or the prompts' line
[[nodiscard]] std::optional<options> read_options(int argc, char** argv);

/// @brief Checks before a model is read that every output can be written, and is neither an input nor another output.
/// @throws input_error naming the file
void check_outputs(options const& given);

/// @brief Completes the options by what the model says, and checks them against it.
/// @throws input_error naming the option or the prompt that does not fit the model
[[nodiscard]] request make_request(options const& given, checkpoint const& trained);

}  // namespace examples::harmon
