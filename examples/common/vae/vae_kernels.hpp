// SPDX-License-Identifier: Apache-2.0
//
// Bodies of a VAE decoder's parts on the library's block of one thread, which brings the instruction-set level. Maps
// are [height][width][channels]. For vae_stages.cpp.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ardent/config.hpp>
#include <ardent/detail/float_math.hpp>
#include <ardent/packed_matrix.hpp>

#include "common/network/transformer_kernels.hpp"

namespace examples::vae::kernels {

using ardent::strided_range;

/// @brief A map of the network's: pixels of `channels` numbers, row by row.
struct map {
  float* data = nullptr;
  int height = 0;
  int width = 0;
  int channels = 0;

  /// @brief Pixels.
  [[nodiscard]] std::ptrdiff_t pixels() const noexcept { return static_cast<std::ptrdiff_t>(height) * width; }
  /// @brief The first pixel of a line.
  [[nodiscard]] float* line(int y) const noexcept { return data + static_cast<std::ptrdiff_t>(y) * width * channels; }
};

/// @brief What a convolution of 3 x 3 sees of its input.
enum class reading {
  plain,       ///< the map
  normalised,  ///< swish(factor * x + offset), channel by channel
  enlarged,    ///< each pixel as a square of 2 x 2
};

/// @brief y[r] = layer(x[r]).
/// @param x [rows], `stride` floats from row to row
/// @param y [rows], `y_stride` floats from row to row
template <class Block>
void multiply(Block const& block, ardent::packed_matrix<float> const& layer, float const* x, int stride, int rows,
              float* y, int y_stride) {
  block.product(ardent::product_rows<float>{x, stride}, {0, rows, 1}, layer, {0, layer.panels(), 1},
                [=](int r, int c, float value)
                    ARDENT_INLINE_LAMBDA { y[static_cast<std::ptrdiff_t>(r) * y_stride + c] = value; });
}

/// @brief sums[c] and squares[c] grow by those of a line's pixels, in double: the mean of the squares less the square
/// of the mean is then right where the mean is many deviations.
template <class Block>
void add_moments(Block const& block, float const* line, int pixels, int channels, double* sums, double* squares) {
  block.elements({0, pixels, 1}, {0, channels, 1}, [=](int p, int c) ARDENT_INLINE_LAMBDA {
    double const x = line[p * channels + c];
    sums[c] += x;
    squares[c] += x * x;
  });
}

/// @brief y = factor * x + offset, channel by channel; with swish, swish of it.
template <bool Swish, class Block>
void scale(Block const& block, float const* x, std::ptrdiff_t pixels, int channels, float const* factors,
           float const* offsets, float* y) {
  block.elements({0, static_cast<int>(pixels), 1}, {0, channels, 1}, [=](int p, int c) ARDENT_INLINE_LAMBDA {
    std::ptrdiff_t const i = static_cast<std::ptrdiff_t>(p) * channels + c;
    float const z = factors[c] * x[i] + offsets[c];
    y[i] = Swish ? ardent::detail::silu(z) : z;
  });
}

/// @brief Line y of what a convolution sees, with a pixel of zeros on each side.
/// @param to [width of the output + 2][channels]
template <class Block>
void read_line(Block const& block, map const& from, reading how, float const* factors, float const* offsets, int y,
               float* to) {
  int const channels = from.channels, width = how == reading::enlarged ? 2 * from.width : from.width;
  int const height = how == reading::enlarged ? 2 * from.height : from.height;
  std::size_t const numbers = static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  if (y < 0 || y >= height) {
    std::fill_n(to, numbers + 2 * static_cast<std::size_t>(channels), 0.0F);
    return;
  }
  std::fill_n(to, channels, 0.0F);
  to += channels;
  std::fill_n(to + numbers, channels, 0.0F);
  if (how == reading::plain) {
    std::copy_n(from.line(y), numbers, to);
  } else if (how == reading::normalised) {
    scale<true>(block, from.line(y), width, channels, factors, offsets, to);
  } else {
    float const* const line = from.line(y / 2);
    for (int x = 0; x < width; ++x, to += channels) std::copy_n(line + x / 2 * channels, channels, to);
  }
}

/// @brief The rows of a product that is a convolution of 3 x 3: for each pixel the nine around it.
/// @param lines  the lines of a band with one above and one below, as read_line() has them, of `width` pixels each
/// @param first,count pixels of the band, line by line
/// @param to [count][3][3][channels]
inline void gather(float const* lines, int width, int channels, int first, int count, float* to) {
  std::size_t const three = 3 * static_cast<std::size_t>(channels);
  std::ptrdiff_t const line = static_cast<std::ptrdiff_t>(width + 2) * channels;
  for (int pixel = first; pixel < first + count; ++pixel) {
    float const* from = lines + pixel / width * line + static_cast<std::ptrdiff_t>(pixel % width) * channels;
    for (int dy = 0; dy < 3; ++dy, from += line, to += three) std::copy_n(from, three, to);
  }
}

}  // namespace examples::vae::kernels
