// SPDX-License-Identifier: Apache-2.0
//
// The options that all programs have which draw images: what to draw, with how much of the machine, and where it goes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "model_files.hpp"
#include "picture_outputs.hpp"
#include "token_pictures.hpp"

namespace examples {

/// @brief What the user asked for, each option checked by itself.
struct drawing_options {
  std::optional<std::filesystem::path> weights;     ///< the model's tensors
  std::optional<std::filesystem::path> config;      ///< what defines the network
  std::string labels = "all";                       ///< as labels_of_images has it
  std::optional<int> images;                        ///< number of images; nothing: one for each label
  std::uint64_t seed = 0;                           ///< of all randomness
  int threads = 0;                                  ///< 0: all
  int batch = 16;                                   ///< images at a time
  std::optional<std::filesystem::path> out;         ///< all pictures on a sheet
  std::optional<std::filesystem::path> out_npz;     ///< all pictures in an array
  std::optional<std::filesystem::path> out_folder;  ///< a picture a file
  std::optional<std::filesystem::path> dump;        ///< the tokens
  std::optional<std::filesystem::path> vae;         ///< the decoder of a model that draws latents
  std::optional<std::filesystem::path> vae_config;  ///< its configuration; nothing: the decoder's name, in .json
  bool quiet = false;                               ///< no progress, no report

  /// @brief The files for pictures.
  [[nodiscard]] picture_targets pictures() const { return {out, out_npz, out_folder}; }
};

/// @brief Adds --weights and --config.
/// @param shipped the model that is used without them, for the help
void add_model_options(CLI::App& app, drawing_options& o, std::string const& shipped);
/// @brief Adds --labels and --images.
void add_label_options(CLI::App& app, drawing_options& o);
/// @brief Adds --seed, --threads and --batch.
void add_machine_options(CLI::App& app, drawing_options& o);
/// @brief Adds --vae and --vae-config, --out, --out-npz, --out-folder and --dump, and --quiet.
/// @param program whose PNG it is if no output is named, for the help
void add_output_options(CLI::App& app, drawing_options& o, std::string const& program);

/// @brief Checks before a model is read that every output can be written, and is neither an input nor another output.
/// @param model  the files that are read beside the decoder's; an empty path is none
/// @throws input_error naming the file
void check_outputs(drawing_options const& o, model_files const& model);

/// @brief Completes and checks the outputs by what the model draws: PROGRAM.png if none is named.
/// @param tokens  what the model's tokens are to a picture
/// @param model   the model's configuration, for messages
/// @throws input_error naming the option that does not fit
void settle_outputs(drawing_options& o, std::string const& program, token_pictures const& tokens,
                    std::filesystem::path const& model);

/// @brief Opens the outputs for pictures, if there are any.
/// @param labels  one for each image
/// @throws input_error if they cannot be written, or a sheet of so many would be too large
[[nodiscard]] std::unique_ptr<picture_outputs> open_pictures(drawing_options const& o, token_pictures const& tokens,
                                                             std::vector<int> const& labels);

/// @brief Prints "wrote FILE" for each output, and what a decoder took.
/// @param pictures  the outputs for pictures, or null
void print_outputs(drawing_options const& o, picture_outputs const* pictures);

}  // namespace examples
