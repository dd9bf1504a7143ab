// SPDX-License-Identifier: Apache-2.0
//
// Rasters and PNG.
#include "picture.hpp"

#include <stb_image_write.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "common/files/atomic_file.hpp"

namespace examples {

picture::picture(int width, int height, int channels, std::uint8_t value)
    : width_(width), height_(height), channels_(channels) {
  if (width < 1 || height < 1) throw std::invalid_argument("picture: width and height must be positive");
  if (channels != 1 && channels != 3) throw std::invalid_argument("picture: channels must be 1 (grey) or 3 (RGB)");
  constexpr std::int64_t limit = std::int64_t{1} << 30;  // the PNG encoder counts in int
  if (std::int64_t{width} * height > limit / channels) throw std::invalid_argument("picture: too large");
  samples_.assign(index(0, height, 0), value);
}

void picture::fill(int x, int y, int width, int height, std::uint8_t value) noexcept {
  auto const clip = [](std::int64_t n, int limit) { return static_cast<int>(std::clamp<std::int64_t>(n, 0, limit)); };
  int const right = clip(std::int64_t{x} + width, width_);
  int const bottom = clip(std::int64_t{y} + height, height_);
  for (int row = clip(y, height_); row < bottom; ++row) {
    for (int column = clip(x, width_); column < right; ++column) {
      std::fill_n(&at(column, row, 0), channels_, value);
    }
  }
}

std::vector<std::byte> encode_png(picture const& image) {
  std::vector<std::byte> bytes;
  auto const append = [](void* context, void* data, int size) {
    auto const* begin = static_cast<std::byte const*>(data);
    auto* const to = static_cast<std::vector<std::byte>*>(context);
    to->insert(to->end(), begin, begin + size);
  };
  int const stride = image.width() * image.channels();
  if (stbi_write_png_to_func(append, &bytes, image.width(), image.height(), image.channels(), image.samples().data(),
                             stride) == 0) {
    throw std::bad_alloc();  // the encoder's only way to fail
  }
  return bytes;
}

void write_png(std::filesystem::path const& path, picture const& image) { write_atomically(path, encode_png(image)); }

}  // namespace examples
