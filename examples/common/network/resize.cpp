// SPDX-License-Identifier: Apache-2.0
//
// Two resizings as one matrix.
#include "resize.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace examples {
namespace {

// Keys' cubic convolution kernel with a = -0.75, at distance d of a sample.
double cubic(double d) {
  constexpr double a = -0.75;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

// The weights of the four samples around a place, and the first of them.
struct stencil {
  int first;
  std::array<double, 4> weights;
};

stencil stencil_at(int place, int from, int middle) {
  double const source = (place + 0.5) * from / middle - 0.5, below = std::floor(source), t = source - below;
  return {static_cast<int>(below) - 1, {cubic(t + 1), cubic(t), cubic(1 - t), cubic(2 - t)}};
}

}  // namespace

std::vector<float> resize_weights(int from, int to, int middle) {
  std::vector<float> weights;
  for (int i = 0; i < to; ++i) {
    int const begin = i * middle / to, end = ((i + 1) * middle + to - 1) / to;
    std::vector<double> row(static_cast<std::size_t>(from));
    for (int place = begin; place < end; ++place) {
      stencil const around = stencil_at(place, from, middle);
      for (int k = 0; k < 4; ++k)
        row[static_cast<std::size_t>(std::clamp(around.first + k, 0, from - 1))] +=
            around.weights[static_cast<std::size_t>(k)] / (end - begin);
    }
    for (double const weight : row) weights.push_back(static_cast<float>(weight));
  }
  return weights;
}

void resize(std::vector<float> const& weights, int from, int to, int channels, float const* x, float* between,
            float* y) {
  int const row = from * channels;
  std::fill_n(between, to * row, 0.0F);
  for (int i = 0; i < to; ++i)
    for (int p = 0; p < from; ++p) {
      float const weight = weights[static_cast<std::size_t>(i * from + p)];
      for (int k = 0; k < row; ++k) between[i * row + k] += weight * x[p * row + k];
    }
  std::fill_n(y, to * to * channels, 0.0F);
  for (int i = 0; i < to; ++i)
    for (int j = 0; j < to; ++j)
      for (int q = 0; q < from; ++q) {
        float const weight = weights[static_cast<std::size_t>(j * from + q)];
        for (int c = 0; c < channels; ++c)
          y[(i * to + j) * channels + c] += weight * between[i * row + q * channels + c];
      }
}

}  // namespace examples
