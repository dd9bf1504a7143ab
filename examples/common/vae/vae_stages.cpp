// SPDX-License-Identifier: Apache-2.0
//
// Convolutions as products of gathered pixels, a few of them at a time, so that the gathered ones stay in a
// second-level cache and memory does not grow with the picture.
#include "vae_stages.hpp"

#include <algorithm>
#include <cmath>

namespace examples::vae {
namespace {

constexpr double norm_epsilon = 1e-6;

// Numbers that a thread gathers at a time: half a second-level cache of 1 MiB.
constexpr int gathered_floats = 1 << 17;
// Pixels that a product is worth while for, a multiple of all register tiles.
constexpr int fewest_rows = 12, most_rows = 96;
// Pixels of a band: the lines above and below it are read twice.
constexpr int band_pixels = 512;

std::size_t product(std::ptrdiff_t a, std::ptrdiff_t b) { return static_cast<std::size_t>(a * b); }

// Rows of so many inputs that are multiplied at a time.
int rows_at_once(int inputs) {
  return std::clamp(gathered_floats / inputs / fewest_rows * fewest_rows, fewest_rows, most_rows);
}

// Puts a product's rows where they belong.
template <class Block>
void put(Block const& block, float const* y, int rows, int channels, target const& to, std::ptrdiff_t first) {
  float* const out = to.out + first * to.pixel_stride;
  std::ptrdiff_t const pixel = to.pixel_stride, channel = to.channel_stride;
  if (channel == 1 && to.add) {
    block.elements({0, rows, 1}, {0, channels, 1},
                   [=](int r, int c) ARDENT_INLINE_LAMBDA { out[r * pixel + c] += y[r * channels + c]; });
  } else if (channel == 1) {
    block.elements({0, rows, 1}, {0, channels, 1},
                   [=](int r, int c) ARDENT_INLINE_LAMBDA { out[r * pixel + c] = y[r * channels + c]; });
  } else {
    for (int c = 0; c < channels; ++c)
      for (int r = 0; r < rows; ++r) {
        float& place = out[r * pixel + c * channel];
        place = (to.add ? place : 0.0F) + y[r * channels + c];
      }
  }
}

}  // namespace

void stages::reserve(std::size_t floats) {
  if (floats <= scratch_floats_) return;
  scratch_.clear();
  for (int i = 0; i < executor_.threads(); ++i) scratch_.emplace_back(floats);
  scratch_floats_ = floats;
}

void stages::find_factors(map const& from, group_norm const& norm) {
  int const channels = from.channels, in_group = channels / groups_;
  moments_.resize(product(from.height, 2 * groups_));
  line_sums_.resize(product(executor_.threads(), 2 * channels));
  executor_.run_tiles(from.height, [&](auto& block, auto&, int line, int worker) {
    double* const sums = line_sums_.data() + product(worker, 2 * channels);
    double* const squares = sums + channels;
    std::fill_n(sums, 2 * channels, 0.0);
    kernels::add_moments(block, from.line(line), from.width, channels, sums, squares);
    double* const to = moments_.data() + product(line, 2 * groups_);
    for (int g = 0; g < 2 * groups_; ++g) {  // the squares lie behind the sums
      double sum = 0;
      for (int c = 0; c < in_group; ++c) sum += sums[g * in_group + c];
      to[g] = sum;
    }
  });
  factors_.resize(static_cast<std::size_t>(channels));
  offsets_.resize(static_cast<std::size_t>(channels));
  double const count = static_cast<double>(from.pixels()) * in_group;
  for (int g = 0; g < groups_; ++g) {
    double sum = 0, squares = 0;
    for (int line = 0; line < from.height; ++line) {
      sum += moments_[product(line, 2 * groups_) + static_cast<std::size_t>(g)];
      squares += moments_[product(line, 2 * groups_) + static_cast<std::size_t>(groups_ + g)];
    }
    double const mean = sum / count, variance = std::max(squares / count - mean * mean, 0.0);
    double const inverse = 1 / std::sqrt(variance + norm_epsilon);
    for (int c = g * in_group; c < (g + 1) * in_group; ++c) {
      factors_[static_cast<std::size_t>(c)] = static_cast<float>(norm.weight[c] * inverse);
      offsets_[static_cast<std::size_t>(c)] = static_cast<float>(norm.bias[c] - mean * inverse * norm.weight[c]);
    }
  }
}

void stages::pointwise(map const& from, convolution const& layer, target const& to) {
  int const channels = from.channels, outputs = layer.taps.outputs, rows = rows_at_once(channels);
  reserve(product(rows, outputs));
  std::ptrdiff_t const pixels = from.pixels();
  executor_.run_tiles(static_cast<int>((pixels + rows - 1) / rows), [&](auto& block, auto&, int tile, int worker) {
    float* const y = scratch_[static_cast<std::size_t>(worker)].data();
    std::ptrdiff_t const first = static_cast<std::ptrdiff_t>(tile) * rows;
    int const count = static_cast<int>(std::min<std::ptrdiff_t>(rows, pixels - first));
    kernels::multiply(block, layer.taps, from.data + first * channels, channels, count, y, outputs);
    put(block, y, count, outputs, to, first);
  });
}

void stages::convolve(map const& from, reading how, group_norm const* norm, convolution const& layer,
                      target const& to) {
  if (norm != nullptr) find_factors(from, *norm);
  int const larger = how == reading::enlarged ? 2 : 1, height = larger * from.height, width = larger * from.width;
  int const channels = from.channels, outputs = layer.taps.outputs, inputs = 9 * channels;
  int const rows = rows_at_once(inputs);
  // low enough that all threads have a few bands each
  int const most = std::max(1, (height + 3 * executor_.threads() - 1) / (3 * executor_.threads()));
  int const lines = std::clamp(band_pixels / width, 1, most);
  std::size_t const line = product(width + 2, channels), band = product(lines + 2, 1) * line;
  std::size_t const gathered = product(rows, inputs);
  reserve(band + gathered + product(rows, outputs));
  executor_.run_tiles((height + lines - 1) / lines, [&](auto& block, auto&, int tile, int worker) {
    float* const seen = scratch_[static_cast<std::size_t>(worker)].data();
    float* const x = seen + band;
    float* const y = x + gathered;
    int const top = tile * lines, count = std::min(lines, height - top) * width;
    for (int i = 0; i < count / width + 2; ++i)
      kernels::read_line(block, from, how, factors_.data(), offsets_.data(), top + i - 1, seen + product(i, 1) * line);
    for (int first = 0; first < count; first += rows) {
      int const some = std::min(rows, count - first);
      kernels::gather(seen, width, channels, first, some, x);
      kernels::multiply(block, layer.taps, x, inputs, some, y, outputs);
      put(block, y, some, outputs, to, static_cast<std::ptrdiff_t>(top) * width + first);
    }
  });
}

void stages::normalise(map const& from, group_norm const& norm, float* y) {
  find_factors(from, norm);
  executor_.run_tiles(from.height, [&](auto& block, auto&, int line, int) {
    kernels::scale<false>(block, from.line(line), from.width, from.channels, factors_.data(), offsets_.data(),
                          y + (from.line(line) - from.data));
  });
}

void stages::attend(map const& from, attention_block const& layer, float* features) {
  int const channels = from.channels, pixels = static_cast<int>(from.pixels());
  auto const panels = [](int n) { return (n + ardent::panel_width - 1) / ardent::panel_width; };
  int const stride = panels(pixels) * ardent::panel_width;
  aligned_floats queries(product(pixels, channels)), transposed(product(pixels, channels));
  aligned_floats keys(ardent::packed_size<float>(channels, pixels)),
      values(ardent::packed_size<float>(pixels, channels));
  std::vector<float> const zeros(static_cast<std::size_t>(std::max(pixels, channels)));
  pointwise(from, layer.q, {queries.data(), channels, 1, false});
  // keys are the weights of a layer with an output for each pixel, values of one with an input for each
  pointwise(from, layer.k, {transposed.data(), channels, 1, false});
  ardent::pack_matrix(transposed.data(), channels, pixels, keys.data());
  pointwise(from, layer.v, {transposed.data(), 1, pixels, false});
  ardent::pack_matrix(transposed.data(), pixels, channels, values.data());
  ardent::packed_matrix<float> const to_scores{keys.data(), zeros.data(), channels, pixels};
  ardent::packed_matrix<float> const to_features{values.data(), zeros.data(), pixels, channels};

  constexpr int rows = 24;
  float const factor = 1.0F / std::sqrt(static_cast<float>(channels));
  reserve(product(rows, stride + 1));
  executor_.run_tiles((pixels + rows - 1) / rows, [&](auto& block, auto&, int tile, int worker) {
    float* const scores = scratch_[static_cast<std::size_t>(worker)].data();
    float* const inverse = scores + product(rows, stride);
    std::ptrdiff_t const first = static_cast<std::ptrdiff_t>(tile) * rows * channels;
    int const count = std::min(rows, pixels - tile * rows);
    float* const to = features + first;
    kernels::multiply(block, to_scores, queries.data() + first, channels, count, scores, stride);
    transformer::kernels::exponentiate(block, scores, stride, count, pixels, factor, inverse);
    kernels::multiply(block, to_features, scores, stride, count, to, channels);
    block.elements({0, count, 1}, {0, channels, 1},
                   [=](int r, int c) ARDENT_INLINE_LAMBDA { to[r * channels + c] *= inverse[r]; });
  });
}

}  // namespace examples::vae
