// SPDX-License-Identifier: Apache-2.0
//
// All outputs of a drawing of labelled images.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "common/pictures/token_pictures.hpp"
#include "drawing_cost.hpp"
#include "drawing_options.hpp"
#include "drawn_images.hpp"
#include "picture_outputs.hpp"
#include "token_dump.hpp"

namespace examples {

/// @brief The files that the options name, and which images have to be drawn for them.
class drawing_outputs {
 public:
  /// @brief Opens them; folders in which the drawing was begun are gone on with.
  /// @param given   the options, settled; outlives it
  /// @param record  of the drawing
  /// @param how     what the tokens are to a picture
  /// @param shape   of the drawing
  /// @throws input_error if they cannot be written, hold another drawing, or a sheet of so many would be too large
  drawing_outputs(drawing_options const& given, drawing_record const& record, token_pictures const& how,
                  drawing_shape const& shape);
  drawing_outputs(drawing_outputs const&) = delete;
  drawing_outputs& operator=(drawing_outputs const&) = delete;

  /// @brief The images: what is to be drawn of them, and where they are added.
  [[nodiscard]] drawn_images& images() noexcept { return *images_; }
  /// @brief Completes the files.
  /// @param cost  of the drawing; its steps and ar_tokens are those of the sampler, drawn or not
  /// @throws input_error if one cannot be written
  void finish(drawing_cost const& cost);
  /// @brief Prints the cost of what was drawn, and what was written.
  void print(drawing_cost const& cost) const;

 private:
  drawing_options const& given_;
  std::vector<int> labels_;
  token_dump dump_;
  std::unique_ptr<picture_outputs> pictures_;
  std::unique_ptr<drawn_images> images_;
};

}  // namespace examples
