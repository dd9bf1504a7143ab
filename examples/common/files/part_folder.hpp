// SPDX-License-Identifier: Apache-2.0
//
// A drawing's images in a folder, batch by batch: what `--out-shards` writes, and what a process that goes on with a
// drawing, or gathers one, finds there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/program/drawing_record.hpp"
#include "common/program/image_range.hpp"

namespace examples {

/// @brief Extents of an image in a part.
struct part_shape {
  int tokens = 0;    ///< of an image
  int channels = 0;  ///< of a token
  int height = 0;    ///< of a picture in pixels; 0: the parts have tokens alone
  int width = 0;     ///< likewise
  int colours = 0;   ///< samples of a pixel
};

/// @brief Images as a part has them.
struct part_content {
  image_range images;                  ///< which
  std::vector<float> tokens;           ///< [images][tokens][channels]
  std::vector<std::uint8_t> pictures;  ///< [images][height][width][colours], or empty
};

/// @brief A folder of files images-FIRST-LAST.safetensors, each of them written atomically:
///
///     tokens       F32 [images][tokens][channels]
///     pictures     U8 [images][height][width][colours], if the drawing makes pictures
///     labels       I64 [images]; of Harmon `prompts`, their indices
///     first_image  I64 [1], the first one's index in the drawing
///     drawing      I64 [1], drawing_record::key()
class part_folder {
 public:
  /// @brief Looks for parts, and checks those that have images of `mine`.
  /// @param folder  where drawing_record::begin() was called
  /// @param record  of the drawing
  /// @param shape   of its images
  /// @param kind    "labels" or "prompts"
  /// @param kinds   of all images of the drawing
  /// @param mine    the images that are asked for
  /// @throws input_error if an image is in two parts, or a part is not whole or not of this drawing
  part_folder(std::filesystem::path folder, drawing_record const& record, part_shape const& shape, std::string kind,
              std::vector<int> kinds, image_range mine);

  /// @brief The images of `mine` that are there, in increasing order, a range for each part.
  [[nodiscard]] std::vector<image_range> const& found() const noexcept { return found_; }

  /// @brief Removes what killed processes left of parts that begin with an image of `mine`, which nobody else may be
  /// drawing now.
  void tidy() const;

  /// @brief Writes a part.
  /// @param first     index of the first image
  /// @param tokens    of whole images
  /// @param pictures  of the same; none if the shape has none
  /// @throws input_error if it cannot be written
  void write(int first, std::span<float const> tokens, std::span<std::uint8_t const> pictures) const;

  /// @brief Reads those images of `mine` that are in one part.
  /// @param which  one of found()
  [[nodiscard]] part_content read(image_range which) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(image_range part) const;
  void check(image_range part) const;

  std::filesystem::path folder_;
  std::int64_t key_;
  part_shape shape_;
  std::string kind_;
  std::vector<int> kinds_;
  image_range mine_;
  std::vector<image_range> parts_, found_;  // whole parts, and of them what is in `mine`
};

}  // namespace examples
