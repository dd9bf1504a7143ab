// SPDX-License-Identifier: Apache-2.0
//
// Where generated pictures go, batch by batch: a sheet of all of them, one array for FID suites, a folder of numbered
// files. What is drawn is never kept longer than an output needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/npz.hpp"
#include "common/pictures/picture.hpp"
#include "image_range.hpp"

namespace examples {

/// @brief How the tokens of images become pictures: by a model's own patches, or through a decoder.
struct picture_maker {
  int channels = 1;  ///< 1 (grey) or 3 (RGB)
  int height = 0;    ///< of a picture in pixels
  int width = 0;     ///< likewise
  /// @brief Tokens of whole images to [images][channels][height][width] in [0, 1]; what lies outside is clipped.
  std::function<std::vector<float>(std::span<float const>)> pixels;

  /// @brief The same rounded to 8 bits.
  /// @return [images][height][width][channels]
  /// @throws std::invalid_argument if a pixel is NaN
  [[nodiscard]] std::vector<std::uint8_t> samples(std::span<float const> tokens) const;
  /// @brief Samples of a picture.
  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
};

/// @brief The name of a numbered file: 000000.png, 000001.png, ...
[[nodiscard]] std::string numbered_png(int image);

/// @brief Which number a numbered file has.
/// @return nothing if that is not its name
[[nodiscard]] std::optional<int> number_of_png(std::string_view name);

/// @brief Removes what killed processes left of numbered files that nobody else writes now.
/// @param mine  their images
void remove_unfinished_pngs(std::filesystem::path const& folder, image_range mine);

/// @brief Whether a file begins and ends as a PNG does. One that is written atomically does, or is not there.
[[nodiscard]] bool is_png(std::filesystem::path const& file);

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
  std::optional<std::filesystem::path> folder;  ///< 000000.png, 000001.png, ... by the images' indices

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
  /// @param how     made the pictures
  /// @param sheet   how the sheet is laid out; only with to.sheet
  /// @param images  how many there will be, at least 1
  /// @throws input_error if a file cannot be written
  picture_outputs(picture_targets to, picture_maker const& how, picture_layout const& sheet, int images);

  /// @brief Whether an image has to be added: always for sheet and array, which want all of them, in order; for the
  /// folder if it does not have it.
  [[nodiscard]] bool lacks(int image) const;
  /// @brief Takes pictures.
  /// @param first    the first one's index
  /// @param samples  [pictures][height][width][channels]
  /// @throws input_error if a file cannot be written
  void add(int first, std::span<std::uint8_t const> samples);
  /// @brief Completes sheet and array; until then neither file is there.
  /// @throws input_error if a file cannot be written
  void finish();

 private:
  picture_targets to_;
  picture_maker how_;
  picture_layout sheet_layout_;
  int images_;
  std::vector<std::uint8_t> sheet_;  // samples of all pictures, if there is a sheet
  std::unique_ptr<npz_writer> npz_;
};

/// @brief One picture of its samples, [height][width][channels].
[[nodiscard]] picture picture_of(picture_maker const& how, std::span<std::uint8_t const> samples);

/// @brief Samples of pictures as make_sheet and make_grid want them: [pictures][channels][height][width] in [0, 1].
[[nodiscard]] std::vector<float> planes_of(picture_maker const& how, std::span<std::uint8_t const> samples);

}  // namespace examples
