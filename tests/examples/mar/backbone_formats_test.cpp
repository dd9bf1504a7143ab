// SPDX-License-Identifier: Apache-2.0
//
// MAR's transformer at every instruction-set level of this CPU and in every format, against plain loops in double
// precision at odd sizes; and what rounding its matrices costs the shipped model.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "mar/checkpoint.hpp"
#include "tiny_backbone.hpp"

namespace {

namespace mar = examples::mar;
using ardent::simd_level;
using mar::matrix_format;

std::vector<simd_level> levels() {
  std::vector<simd_level> all;
  for (simd_level const level : {simd_level::baseline, simd_level::avx2, simd_level::avx512, simd_level::avx512_dot}) {
    if (level <= ardent::host_level()) all.push_back(level);
  }
  return all;
}

// The largest difference from the reference, for the last `count` tokens of a picture.
double difference(tiny_mar::network const& tiny, mar::backbone const& network, matrix_format format, int label,
                  int known, int count) {
  tiny_mar::image const picture(tiny, known, 40 + static_cast<unsigned>(known));
  std::vector<int> const positions = picture.choose(count);
  auto const width = static_cast<std::size_t>(network.condition_width());
  std::vector<float> z(positions.size() * width);
  mar::backbone::scratch work(network, format);
  network.condition(label, picture.tokens.data(), picture.known.data(), positions.data(), count, z.data(), work);
  naive_mar::rows const expected = tiny.reference.condition(label, picture.tokens, picture.known);
  double worst = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    double const d = std::fabs(double{z[i]} - expected[static_cast<std::size_t>(positions[i / width])][i % width]);
    worst = d <= worst ? worst : d;  // a NaN stays
  }
  return worst;
}

}  // namespace

TEST_CASE("mar backbone: every level and format agrees with plain loops") {
  for (int const depth : {1, 2}) {
    tiny_mar::network const tiny(depth);
    for (simd_level const level : levels()) {
      CAPTURE(static_cast<int>(level));
      mar::backbone const network = tiny.load(level);
      for (int const known : {0, 3, 8}) {
        CAPTURE(known);
        CHECK(difference(tiny, network, matrix_format::float32, 2, known, 1) < 1e-5);
        CHECK(difference(tiny, network, matrix_format::float32, -1, known, 9 - known) < 1e-5);
        double const rounded = difference(tiny, network, matrix_format::bfloat16, 2, known, 9 - known);
        CHECK(rounded < 0.1);
        CHECK(rounded > 1e-4);  // it is another number type
      }
    }
  }
}

TEST_CASE("mar backbone: bfloat16 matrices move the shipped model's conditions little") {
  mar::checkpoint const trained(mar::model_files::shipped());
  mar::backbone const& network = trained.network();
  mar::backbone::scratch exact(network), rounded(network, matrix_format::bfloat16);
  std::vector<float> const tokens(49 * 16, 0.25f);
  std::vector<std::uint8_t> known(49, 0);
  for (std::size_t i = 0; i < 49; i += 3) known[i] = 1;
  std::vector<int> const positions{1, 2, 25, 47};
  auto const width = static_cast<std::size_t>(network.condition_width());
  std::vector<float> z(positions.size() * width), other(z.size());
  network.condition(5, tokens.data(), known.data(), positions.data(), 4, z.data(), exact);
  network.condition(5, tokens.data(), known.data(), positions.data(), 4, other.data(), rounded);
  double square = 0, change = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    square += double{z[i]} * z[i];
    change += (double{other[i]} - z[i]) * (double{other[i]} - z[i]);
  }
  CHECK(change > 0);
  CHECK(std::sqrt(change / square) < 0.02);
}
