// SPDX-License-Identifier: Apache-2.0
//
// Pictures in 8 bits: generated images side by side on a sheet, enlarged, with text labels, written as PNG. Encoding
// and letters come from stb (stb_image_write, stb_easy_font).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace examples {

/// @brief A raster of 8-bit pixels, grey or RGB, row by row from the top left.
class picture {
 public:
  /// @brief A picture of one colour.
  /// @param width, height in pixels, at least 1
  /// @param channels 1 (grey) or 3 (RGB)
  /// @param value every sample's first value
  /// @throws std::invalid_argument for other sizes and for more than 2^30 samples
  picture(int width, int height, int channels, std::uint8_t value = 255);

  [[nodiscard]] int width() const noexcept { return width_; }        ///< @brief pixels in a row
  [[nodiscard]] int height() const noexcept { return height_; }      ///< @brief rows
  [[nodiscard]] int channels() const noexcept { return channels_; }  ///< @brief 1 (grey) or 3 (RGB)

  /// @brief All samples, [height, width, channels].
  [[nodiscard]] std::span<std::uint8_t const> samples() const noexcept { return samples_; }

  /// @brief One sample.
  /// @pre 0 <= x < width(), 0 <= y < height(), 0 <= channel < channels()
  [[nodiscard]] std::uint8_t& at(int x, int y, int channel) noexcept { return samples_[index(x, y, channel)]; }
  /// @brief The same, to read only.
  [[nodiscard]] std::uint8_t at(int x, int y, int channel) const noexcept { return samples_[index(x, y, channel)]; }

  /// @brief Paints a rectangle in all channels; what lies outside the picture is left out.
  void fill(int x, int y, int width, int height, std::uint8_t value) noexcept;

 private:
  [[nodiscard]] std::size_t index(int x, int y, int channel) const noexcept {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(channels_) +
           static_cast<std::size_t>(channel);
  }

  int width_;
  int height_;
  int channels_;
  std::vector<std::uint8_t> samples_;
};

/// @brief Images of one size, as networks give them. Does not own the values.
struct image_batch {
  std::span<float const> values;  ///< [count, channels, height, width] in [0, 1]; what lies outside is clipped
  int count = 0;                  ///< number of images, at least 1
  int channels = 1;               ///< 1 (grey) or 3 (RGB)
  int height = 0;                 ///< rows of an image
  int width = 0;                  ///< pixels in a row of an image
};

/// @brief One image by itself, each value rounded to 8 bits.
/// @param which  in [0, images.count)
/// @throws std::invalid_argument if the batch's numbers do not fit each other, or a value is NaN
[[nodiscard]] picture image_of(image_batch const& images, int which);

/// @brief One row of a sheet.
struct sheet_row {
  std::string label;   ///< printable ASCII, lines separated by newlines; may be empty
  image_batch images;  ///< the images, left to right; the same size and channels in all rows
};

/// @brief Where the rows' labels stand.
enum class label_side { left, above };

/// @brief How a sheet is laid out; all lengths in pixels of the sheet.
struct sheet_style {
  label_side labels = label_side::left;    ///< where the rows' labels stand
  std::vector<std::string> column_labels;  ///< above the images of each column; may be shorter than the rows, or empty
  std::string title;                       ///< above all; may be empty
  int scale = 2;                           ///< enlargement of the images, at least 1; each pixel becomes a square
  int text_scale = 2;                      ///< enlargement of the letters, at least 1; a line is 12 * text_scale high
  int margin = 4;                          ///< around and between the images, at least 0
  std::uint8_t background = 255;           ///< the paper, 0 black to 255 white; letters are the opposite
};

/// @brief Puts rows of images on a sheet.
/// @param rows at least one
/// @param style the layout
/// @throws std::invalid_argument if a batch's numbers do not fit each other or the other rows, or a value is NaN
[[nodiscard]] picture make_sheet(std::span<sheet_row const> rows, sheet_style const& style = {});

/// @brief Puts images on a sheet without labels.
/// @param images the images, filled in row by row
/// @param columns images in a row, at least 1
/// @param scale enlargement, at least 1
/// @param margin around and between the images in pixels, at least 0
/// @throws std::invalid_argument as make_sheet
[[nodiscard]] picture make_grid(image_batch const& images, int columns, int scale = 2, int margin = 4);

/// @brief The size of a text in pixels, as draw_text draws it.
struct text_size {
  int width;   ///< of its longest line
  int height;  ///< 12 * scale for each line
};

/// @brief Measures a text.
/// @param text printable ASCII and newlines; other characters count, and are drawn, as "?"
/// @param scale enlargement, at least 1
[[nodiscard]] text_size measure_text(std::string_view text, int scale);

/// @brief Draws a text; what lies outside the picture is left out.
/// @param canvas the picture
/// @param x, y the text's top left corner
/// @param text, scale as in measure_text
/// @param value the letters' value in all channels
void draw_text(picture& canvas, int x, int y, std::string_view text, int scale, std::uint8_t value);

/// @brief A picture as the bytes of a PNG file.
[[nodiscard]] std::vector<std::byte> encode_png(picture const& image);

/// @brief Writes a picture as a PNG file, atomically.
/// @throws input_error if it cannot be written
void write_png(std::filesystem::path const& path, picture const& image);

}  // namespace examples
