// SPDX-License-Identifier: Apache-2.0
//
// Ranges of a drawing's images: what is there, what is missing, what is drawn at a time.
#pragma once

#include <vector>

namespace examples {

/// @brief Consecutive images of a drawing, by index.
struct image_range {
  int first = 0;  ///< index of the first one
  int count = 0;  ///< how many, at least 0

  /// @brief One past the last one's index.
  [[nodiscard]] constexpr int end() const noexcept { return first + count; }
  /// @brief Whether an image is one of them.
  [[nodiscard]] constexpr bool contains(int image) const noexcept { return image >= first && image < end(); }
  friend constexpr bool operator==(image_range const&, image_range const&) = default;
};

/// @brief The images that both ranges have; count 0 if there are none.
[[nodiscard]] image_range common_part(image_range a, image_range b) noexcept;

/// @brief The images of `whole` that are in none of `taken`.
/// @param taken  in increasing order, without overlap
/// @return in increasing order, as few ranges as possible, none of them empty
[[nodiscard]] std::vector<image_range> without(image_range whole, std::vector<image_range> const& taken);

/// @brief Cuts ranges into batches, each of them within one range.
/// @param most  images of a batch, at least 1
[[nodiscard]] std::vector<image_range> batches_of(std::vector<image_range> const& runs, int most);

/// @brief How many images there are in ranges without overlap.
[[nodiscard]] int images_in(std::vector<image_range> const& runs) noexcept;

}  // namespace examples
