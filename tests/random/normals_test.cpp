// SPDX-License-Identifier: Apache-2.0
//
// The library's normal numbers are normal, and independent of one another: a million, within five standard errors.
#include <doctest/doctest.h>

#include <ardent/random/philox.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace {

constexpr int quads = 250000;

// Channel c of quad i is in column c: quads are those of 250 images of 1000 tokens.
std::vector<std::vector<double>> columns(std::uint64_t seed) {
  ardent::random::philox const random(seed);
  std::vector<std::vector<double>> out(4);
  for (int i = 0; i < quads; ++i) {
    ardent::noise_key key;
    key.image = static_cast<std::uint32_t>(i / 1000);
    key.position = static_cast<std::uint32_t>(i % 1000);
    ardent::quad const four = random.normal(key, 0);
    for (std::size_t c = 0; c < 4; ++c) out[c].push_back(four.value[c]);
  }
  return out;
}

double mean_of_products(std::vector<double> const& a, std::vector<double> const& b, std::size_t lag = 0) {
  double sum = 0;
  for (std::size_t i = lag; i < a.size(); ++i) sum += a[i - lag] * b[i];
  return sum / static_cast<double>(a.size() - lag);
}

std::vector<double> joined(std::vector<std::vector<double>> const& lists) {
  std::vector<double> out;
  for (std::vector<double> const& list : lists) out.insert(out.end(), list.begin(), list.end());
  return out;
}

double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

}  // namespace

TEST_CASE("random::philox: mean, variance, skewness and kurtosis of a million normals") {
  for (std::uint64_t const seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xfeedfacecafebeef}}) {
    auto const numbers = joined(columns(seed));
    double const n = static_cast<double>(numbers.size());
    double power[5] = {};
    for (double const x : numbers) {
      for (int p = 1; p <= 4; ++p) power[p] += std::pow(x, p) / n;
    }
    INFO("seed " << seed);
    CHECK(std::abs(power[1]) < 5 / std::sqrt(n));
    CHECK(std::abs(power[2] - 1) < 5 * std::sqrt(2 / n));
    CHECK(std::abs(power[3]) < 5 * std::sqrt(15 / n));
    CHECK(std::abs(power[4] - 3) < 5 * std::sqrt(96 / n));
  }
}

TEST_CASE("random::philox: the distribution of a million normals, tails included") {
  auto numbers = joined(columns(7));
  std::sort(numbers.begin(), numbers.end());
  double const n = static_cast<double>(numbers.size());
  for (double x = -4.5; x <= 4.5; x += 0.25) {
    auto const below = std::lower_bound(numbers.begin(), numbers.end(), x) - numbers.begin();
    double const p = normal_distribution(x);
    INFO("below " << x << ": " << below << ", expected " << n * p);
    CHECK(std::abs(static_cast<double>(below) - n * p) < 5 * std::sqrt(n * p * (1 - p)) + 1);
  }
  CHECK(numbers.front() > -6.8);
  CHECK(numbers.back() < 6.8);
  CHECK(numbers.front() < -4.2);
  CHECK(numbers.back() > 4.2);
}

TEST_CASE("random::philox: channels, neighbours and their magnitudes are not correlated") {
  auto const list = columns(11);
  double const error = 1 / std::sqrt(static_cast<double>(quads));
  std::vector<std::vector<double>> squares = list;
  for (auto& column : squares) {
    for (double& x : column) x = (x * x - 1) / std::sqrt(2.0);
  }
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = 0; b < 4; ++b) {
      INFO("channels " << a << " and " << b);
      if (a < b) CHECK(std::abs(mean_of_products(list[a], list[b])) < 5 * error);
      if (a < b) CHECK(std::abs(mean_of_products(squares[a], squares[b])) < 5 * error);
      CHECK(std::abs(mean_of_products(list[a], list[b], 1)) < 5 * error);     // the next position
      CHECK(std::abs(mean_of_products(list[a], list[b], 1000)) < 5 * error);  // the next image
    }
  }
}

TEST_CASE("random::philox: order keys differ within an image and are uniform over images") {
  ardent::random::philox const random(3);
  constexpr int images = 20000, length = 8;
  std::vector<int> first(length);
  for (std::uint32_t image = 0; image < images; ++image) {
    std::uint64_t least = ~std::uint64_t{0};
    for (std::uint32_t position = 0; position < length; ++position) {
      std::uint64_t const key = random.order_key(image, position);
      REQUIRE((key & 0xffffffffu) == position);  // so no two are equal
      least = std::min(least, key);
    }
    ++first[static_cast<std::size_t>(least & 0xffffffffu)];
  }
  double const expected = images / length;
  for (int const count : first) CHECK(std::abs(count - expected) < 5 * std::sqrt(expected));
}
