// SPDX-License-Identifier: Apache-2.0
//
// Where the pictures of prompts go, batch by batch: a labelled sheet, an array, numbered files, GenEval's folders.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "checkpoint.hpp"
#include "common/picture_outputs.hpp"
#include "drawing.hpp"
#include "options.hpp"

namespace examples::harmon {

/// @brief Takes images as tokens and writes their pictures. Without a VAE there is the sheet alone: it shows latents,
/// and says so.
class prompt_pictures {
 public:
  /// @param given    the outputs, checked; outlives it
  /// @param what     the prompts of the images, and their grid
  /// @param trained  the model; outlives it
  /// @throws input_error as vae_decoder, if a file or folder cannot be written, or the sheet would be too large
  prompt_pictures(options const& given, request const& what, checkpoint const& trained);

  /// @brief Takes the next images.
  /// @param tokens  of whole images
  /// @throws input_error if a file cannot be written
  void add(std::span<float const> tokens);
  /// @brief Completes sheet and array; until then neither file is there.
  /// @throws input_error if a file cannot be written
  void finish();
  /// @brief Prints what was written, and what it took.
  void print() const;

 private:
  void write_geneval(std::span<float const> pixels);
  void write_sheet() const;
  [[nodiscard]] int scale() const;

  options const& given_;
  checkpoint const& trained_;
  picture_maker maker_;
  std::unique_ptr<picture_outputs> files_;  // array and numbered files
  std::vector<float> sheet_;                // pixels of all pictures, if there is a sheet
  int taken_ = 0;
  double seconds_ = 0.0;
};

}  // namespace examples::harmon
