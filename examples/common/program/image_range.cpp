// SPDX-License-Identifier: Apache-2.0
//
// Ranges of a drawing's images.
#include "image_range.hpp"

#include <algorithm>

namespace examples {

image_range common_part(image_range a, image_range b) noexcept {
  int const first = std::max(a.first, b.first);
  return {first, std::max(std::min(a.end(), b.end()) - first, 0)};
}

std::vector<image_range> without(image_range whole, std::vector<image_range> const& taken) {
  std::vector<image_range> left;
  int first = whole.first;
  for (image_range const& range : taken) {
    image_range const inside = common_part(range, whole);
    if (inside.count == 0) continue;
    if (inside.first > first) left.push_back({first, inside.first - first});
    first = inside.end();
  }
  if (whole.end() > first) left.push_back({first, whole.end() - first});
  return left;
}

std::vector<image_range> batches_of(std::vector<image_range> const& runs, int most) {
  std::vector<image_range> batches;
  for (image_range const& run : runs)
    for (int first = run.first; first < run.end(); first += batches.back().count)
      batches.push_back({first, std::min(most, run.end() - first)});
  return batches;
}

int images_in(std::vector<image_range> const& runs) noexcept {
  int images = 0;
  for (image_range const& run : runs) images += run.count;
  return images;
}

}  // namespace examples
