// SPDX-License-Identifier: Apache-2.0
//
// The options that all programs have which draw images: what to draw, with how much of the machine, and where it goes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "command_line.hpp"
#include "common/pictures/token_pictures.hpp"
#include "drawing_record.hpp"
#include "image_range.hpp"
#include "model_files.hpp"
#include "picture_outputs.hpp"
#include "shard.hpp"

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
  std::optional<std::filesystem::path> out_shards;  ///< tokens and pictures, a file for each batch
  std::optional<examples::shard> shard;             ///< which images; nothing: all, and nothing there is gone on with
  bool gather = false;                              ///< draw nothing, take all from out_shards
  option_words words;                               ///< the options that change images
  bool quiet = false;                               ///< no progress, no report

  /// @brief Whether folders may hold images of this drawing, which are not drawn again.
  [[nodiscard]] bool resumes() const { return shard || out_shards; }
  /// @brief Which images of a drawing this process has.
  [[nodiscard]] image_range mine(int all) const { return shard ? shard->of(all) : image_range{0, all}; }
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
/// @brief Adds --vae and --vae-config, --out, --out-npz, --out-folder, --out-shards and --dump, --shard, --gather and
/// --quiet.
/// @param program whose PNG it is if no output is named, for the help
void add_output_options(CLI::App& app, drawing_options& o, std::string const& program);

/// @brief Reads the command line, and where it has no --shard the variables of MPI and Slurm.
/// @return false if help was asked for, which is printed then
/// @throws input_error as parse_command_line and shard_of_environment, and if an option does not go with another
[[nodiscard]] bool parse_drawing_options(CLI::App& app, drawing_options& o, int argc, char** argv);

/// @brief Prints which images this process has, if they are not simply all.
/// @param images  of the whole drawing
void print_shard(drawing_options const& o, int images);

/// @brief Checks that there are outputs that several processes can share, where there are several.
/// @param others  whether there are such outputs besides those of the options
/// @throws input_error if not
void check_sharded_outputs(drawing_options const& o, bool others = false);

/// @brief Checks that a folder for a file an image can be filled: as check_drawing_folder where images in it are gone
/// on with, else as check_empty_folder.
void check_output_folder(drawing_options const& o, std::filesystem::path const& folder);

/// @brief The record of what is drawn.
/// @param files  the model's, and what else decides over images
/// @throws as drawing_record
[[nodiscard]] drawing_record record_of(drawing_options const& o, std::string const& program, int images,
                                       std::map<std::string, std::optional<std::filesystem::path>> files);

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

/// @brief Prints "wrote FILE" for each output.
void print_outputs(drawing_options const& o);

}  // namespace examples
