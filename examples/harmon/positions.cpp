// SPDX-License-Identifier: Apache-2.0
//
// Bilinear resizing of position tables.
#include "positions.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "common/error.hpp"

namespace examples::harmon {
namespace {

// Where a row or column of the result lies in the table: between two of its own.
struct place {
  int first, second;
  float share;  // of the second
};

std::vector<place> places(int from, int to) {
  std::vector<place> all;
  float const scale = static_cast<float>(from) / static_cast<float>(to);
  for (int i = 0; i < to; ++i) {
    float const at = std::max(0.0F, (static_cast<float>(i) + 0.5F) * scale - 0.5F);
    int const first = std::min(static_cast<int>(at), from - 1);
    all.push_back({first, std::min(first + 1, from - 1), at - static_cast<float>(first)});
  }
  return all;
}

std::vector<float> table_for(float_tensor const& table, int buffer, grid from, grid to, int width) {
  float_values const values = table.values();
  if (from == to) return {values.data(), values.data() + values.size()};
  auto const kept = static_cast<std::ptrdiff_t>(buffer) * width;
  std::vector<float> result(values.data(), values.data() + kept);
  std::vector<float> const image = resize_bilinear(values.data() + kept, from, to, width);
  result.insert(result.end(), image.begin(), image.end());
  return result;
}

}  // namespace

std::vector<float> resize_bilinear(float const* table, grid from, grid to, int width) {
  std::vector<float> result;
  result.reserve(static_cast<std::size_t>(to.tokens()) * static_cast<std::size_t>(width));
  std::vector<place> const down = places(from.height, to.height), across = places(from.width, to.width);
  for (place const& y : down)
    for (place const& x : across) {
      auto const row = [&](int r, int c) { return table + static_cast<std::ptrdiff_t>(r * from.width + c) * width; };
      float const *a = row(y.first, x.first), *b = row(y.first, x.second);
      float const *c = row(y.second, x.first), *d = row(y.second, x.second);
      for (int i = 0; i < width; ++i)
        result.push_back((1 - y.share) * ((1 - x.share) * a[i] + x.share * b[i]) +
                         y.share * ((1 - x.share) * c[i] + x.share * d[i]));
    }
  return result;
}

positions::positions(config const& sizes, weights const& from, grid wanted) : of(wanted) {
  for (int const side : {wanted.height, wanted.width}) {
    if (side < 1 || side > config::max_side)
      throw input_error("image: expected 1 to " + std::to_string(config::max_side) + " tokens along a side, found " +
                        std::to_string(side));
  }
  int const buffer = sizes.mar.buffer_size;
  encoder = table_for(from.encoder_pos, buffer, sizes.native(), wanted, sizes.mar.encoder_embed_dim);
  decoder = table_for(from.decoder_pos, buffer, sizes.native(), wanted, sizes.mar.decoder_embed_dim);
  diffusion = table_for(from.diffusion_pos, 0, sizes.native(), wanted, sizes.mar.decoder_embed_dim);
}

}  // namespace examples::harmon
