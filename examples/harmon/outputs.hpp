// SPDX-License-Identifier: Apache-2.0
//
// Where the pictures of prompts go, batch by batch: a labelled sheet, an array, numbered files, GenEval's folders.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "checkpoint.hpp"
#include "common/program/drawing_record.hpp"
#include "common/program/picture_outputs.hpp"
#include "drawing.hpp"
#include "options.hpp"

namespace examples::harmon {

/// @brief Takes images as tokens and writes their pictures. Without a VAE there is the sheet alone: it shows latents,
/// and says so.
class prompt_pictures {
 public:
  /// @param given    the outputs, checked; outlives it
  /// @param record   of the drawing, for folders that are gone on with
  /// @param what     the prompts of the images, and their grid
  /// @param trained  the model; outlives it
  /// @throws input_error as vae_decoder, if a file or folder cannot be written, or the sheet would be too large
  prompt_pictures(options const& given, drawing_record const& record, request const& what, checkpoint const& trained);

  /// @brief Removes from folders what killed processes left of pictures that nobody else may be writing now.
  void tidy() const;
  /// @brief Whether an image has to be added, by index.
  [[nodiscard]] bool lacks(int image) const;
  /// @brief Takes images.
  /// @param first     the first one's index
  /// @param tokens    of whole images
  /// @param pictures  their samples if there is a decoder, [images][height][width][channels]; else none
  /// @throws input_error if a file cannot be written
  void add(int first, std::span<float const> tokens, std::span<std::uint8_t const> pictures);
  /// @brief How the decoder makes pictures; nothing if there is none.
  [[nodiscard]] std::optional<picture_maker> decoder() const;
  /// @brief Completes sheet and array; until then neither file is there.
  /// @throws input_error if a file cannot be written
  void finish();
  /// @brief Prints what was written.
  /// @param seconds  what it took
  void print(double seconds) const;

 private:
  void write_geneval(int first, std::span<std::uint8_t const> pictures) const;
  void write_sheet() const;
  [[nodiscard]] int scale() const;

  options const& given_;
  checkpoint const& trained_;
  picture_maker maker_;
  std::unique_ptr<picture_outputs> files_;  // array and numbered files
  std::vector<std::uint8_t> sheet_;         // samples of all pictures, if there is a sheet
};

}  // namespace examples::harmon
