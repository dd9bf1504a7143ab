// SPDX-License-Identifier: Apache-2.0
//
// Where generated pictures go, batch by batch: a sheet of all of them, one array for FID suites, a folder of numbered
// files. What is drawn is never kept longer than an output needs it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "npz.hpp"
#include "picture.hpp"

namespace examples {

/// @brief How the tokens of images become pictures: by a model's own patches, or through a decoder.
struct picture_maker {
  int channels = 1;  ///< 1 (grey) or 3 (RGB)
  int height = 0;    ///< of a picture in pixels
  int width = 0;     ///< likewise
  /// @brief Tokens of whole images to [images][channels][height][width] in [0, 1]; what lies outside is clipped.
  std::function<std::vector<float>(std::span<float const>)> pixels;
};

/// @brief How pictures lie on a sheet.
struct picture_layout {
  int columns = 1;                  ///< pictures in a row
  int scale = 1;                    ///< enlargement
  static constexpr int margin = 4;  ///< around and between the pictures in pixels

  /// @brief A column for each label where they come in rounds of up to 20, else a square.
  /// @param labels one for each image, at least one
  /// @param side of a picture in pixels
  /// @param channels of a pixel
  /// @throws input_error naming --images if the sheet would be too large
  [[nodiscard]] static picture_layout of(std::span<int const> labels, int side, int channels);
};

/// @brief The files that pictures are written to.
struct picture_targets {
  std::optional<std::filesystem::path> sheet;   ///< all pictures on one, PNG
  std::optional<std::filesystem::path> npz;     ///< uint8 [images][height][width][channels] under arr_0
  std::optional<std::filesystem::path> folder;  ///< 000000.png, 000001.png, ...; empty or new

  /// @brief Whether there is any.
  [[nodiscard]] bool any() const { return sheet || npz || folder; }
};

/// @brief Checks that a folder for numbered files can be filled: it is empty, or is not there but its parent is.
/// @throws input_error otherwise
void check_empty_folder(std::filesystem::path const& folder);

/// @brief Takes pictures in batches and writes them.
class picture_outputs {
 public:
  /// @param to      the files; a folder that is not there is made
  /// @param how     makes the pictures
  /// @param sheet   how the sheet is laid out; only with to.sheet
  /// @param images  how many there will be, at least 1
  /// @throws input_error if a file cannot be written
  picture_outputs(picture_targets to, picture_maker how, picture_layout const& sheet, int images);

  /// @brief Takes the next images.
  /// @param tokens of whole images
  /// @throws input_error if a file cannot be written
  /// @throws std::invalid_argument if a pixel is NaN
  void add(std::span<float const> tokens);
  /// @brief Completes sheet and array; until then neither file is there.
  /// @throws input_error if a file cannot be written
  void finish();
  /// @brief Seconds spent in making and writing pictures.
  [[nodiscard]] double seconds() const noexcept { return seconds_; }

 private:
  picture_targets to_;
  picture_maker how_;
  picture_layout sheet_layout_;
  int images_;
  int taken_ = 0;
  double seconds_ = 0.0;
  std::vector<float> sheet_;  // pixels of all pictures, if there is a sheet
  std::unique_ptr<npz_writer> npz_;
};

}  // namespace examples
