// SPDX-License-Identifier: Apache-2.0
//
// Images on their way from where they are drawn, or were found, to where they are wanted, in order: what a process that
// goes on with a drawing still has to draw, and what it takes from the folder of parts instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/files/part_folder.hpp"
#include "drawing_options.hpp"
#include "image_range.hpp"
#include "picture_outputs.hpp"
#include "progress.hpp"

namespace examples {

/// @brief A drawing as its outputs see it.
struct drawing_shape {
  int tokens = 0;          ///< of an image
  int channels = 0;        ///< of a token
  std::string kind;        ///< what chose the images, "labels" or "prompts"
  std::vector<int> kinds;  ///< of each image of the whole drawing
};

/// @brief Who wants images.
struct image_outputs {
  /// @brief Whether an image is wanted, by index.
  std::function<bool(int image)> lacks;
  /// @brief Takes images: index of the first, their tokens, and the samples of their pictures if any are made.
  std::function<void(int first, std::span<float const> tokens, std::span<std::uint8_t const> pictures)> take;
};

/// @brief The images of one process, found and drawn.
class drawn_images {
 public:
  /// @param given     the options
  /// @param record    of the drawing, which was begun in its folders
  /// @param shape     of its images
  /// @param pictures  makes pictures of tokens; nothing: none are made
  /// @param outputs   who wants them; without --out-shards they alone decide what is to be drawn
  /// @throws input_error as part_folder, and if images to be gathered are not there
  drawn_images(drawing_options const& given, drawing_record const& record, drawing_shape shape,
               std::optional<picture_maker> pictures, image_outputs outputs);

  /// @brief What is to be drawn, in increasing order.
  [[nodiscard]] std::vector<image_range> const& missing() const noexcept { return missing_; }
  /// @brief How many images of this process were there.
  [[nodiscard]] int found() const noexcept { return mine_.count - images_in(missing_); }

  /// @brief Takes images that were drawn: those of missing(), in order.
  /// @throws input_error if they cannot be written
  void add(int first, std::span<float const> tokens);
  /// @brief Passes on what was found behind the last image drawn.
  void finish();
  /// @brief Seconds spent in making and writing pictures.
  [[nodiscard]] double seconds() const noexcept { return seconds_; }

  /// @brief The progress of drawing them.
  /// @param ar_steps  of an image
  /// @param tokens    of an image
  /// @param batch     images at a time
  [[nodiscard]] image_progress progress(int ar_steps, int tokens, int batch, bool enabled) const;

 private:
  void pass_on(int until);

  image_range mine_;
  std::optional<picture_maker> pictures_;
  image_outputs outputs_;
  std::unique_ptr<part_folder> parts_;
  std::vector<image_range> missing_;
  std::size_t passed_on_ = 0;  // of the parts found
  double seconds_ = 0.0;
};

}  // namespace examples
