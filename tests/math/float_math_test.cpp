// SPDX-License-Identifier: Apache-2.0
//
// The float functions of kernel bodies against double libm, within the bounds that their header states.
#include <doctest/doctest.h>

#include <ardent/detail/float_math.hpp>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

namespace {

namespace detail = ardent::detail;

// The largest of error(x) over every `stride`-th float from low to high, both positive, with the given sign.
template <class Error>
double worst(float low, float high, std::uint32_t stride, float sign, Error error) {
  double found = 0;
  for (std::uint32_t bits = detail::float_to_bits(low); bits <= detail::float_to_bits(high); bits += stride) {
    double const here = error(sign * detail::bits_to_float(bits));
    if (!(here <= found)) found = here;
  }
  return found;
}

}  // namespace

TEST_CASE("float math: bits of a float, there and back") {
  CHECK(detail::float_to_bits(1.0f) == 0x3f800000u);
  CHECK(detail::bits_to_float(0xc0490fdbu) == -3.14159274f);
}

TEST_CASE("float math: exp_float is within 3e-7") {
  auto const error = [](float x) {
    double const exact = std::exp(static_cast<double>(x));
    return std::abs(detail::exp_float(x) - exact) / exact;
  };
  CHECK(worst(1e-30f, 88.0f, 1009, 1, error) < 3e-7);
  CHECK(worst(1e-30f, 87.0f, 1009, -1, error) < 3e-7);
  CHECK(detail::exp_float(0) == 1);
  CHECK(detail::exp_float(-0.0f) == 1);
}

TEST_CASE("float math: exp_float is clamped to [-87, 88]") {
  for (float const x : {88.001f, 1000.0f, 1e30f, std::numeric_limits<float>::infinity()}) {
    CHECK(detail::exp_float(x) == detail::exp_float(88.0f));
  }
  for (float const x : {-87.001f, -1000.0f, -1e30f, -std::numeric_limits<float>::infinity()}) {
    CHECK(detail::exp_float(x) == detail::exp_float(-87.0f));
  }
  CHECK(std::isnan(detail::exp_float(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("float math: silu is within 6e-7") {
  auto const error = [](float x) {
    double const exact = x / (1 + std::exp(-static_cast<double>(x)));
    return std::abs((detail::silu(x) - exact) / exact);
  };
  CHECK(worst(1e-30f, 80.0f, 1009, 1, error) < 6e-7);
  CHECK(worst(1e-30f, 80.0f, 1009, -1, error) < 6e-7);
  CHECK(detail::silu(0) == 0);
  CHECK(std::isnan(detail::silu(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("float math: log_float is within 2e-7 of the larger of 1 and the logarithm") {
  auto const error = [](float x) {
    double const exact = std::log(static_cast<double>(x));
    return std::abs(detail::log_float(x) - exact) / std::fmax(1, std::abs(exact));
  };
  CHECK(worst(std::numeric_limits<float>::min(), std::numeric_limits<float>::max(), 1009, 1, error) < 2e-7);
  CHECK(worst(0.5f, 2.0f, 7, 1, error) < 2e-7);
  CHECK(detail::log_float(1) == 0);
}

TEST_CASE("float math: sine and cosine of turns are within 2e-7") {
  double sine = 0, cosine = 0, circle = 0;
  for (int i = 0; i <= 1 << 20; ++i) {
    float const u = static_cast<float>(i) * 0x1p-20f;
    detail::sine_cosine const found = detail::sine_cosine_of_turns(u);
    double const angle = 6.283185307179586477 * u;
    sine = std::fmax(sine, std::abs(found.sine - std::sin(angle)));
    cosine = std::fmax(cosine, std::abs(found.cosine - std::cos(angle)));
    circle = std::fmax(circle, std::abs(found.sine * found.sine + found.cosine * found.cosine - 1));
  }
  CHECK(sine < 2e-7);
  CHECK(cosine < 2e-7);
  CHECK(circle < 5e-7);
  CHECK(detail::sine_cosine_of_turns(0).cosine == 1);
  CHECK(detail::sine_cosine_of_turns(0.25f).sine == 1);
  CHECK(detail::sine_cosine_of_turns(0.5f).cosine == -1);
  CHECK(detail::sine_cosine_of_turns(0.75f).sine == -1);
}

TEST_CASE("float math: the reciprocal square root is within 1e-7") {
  auto const error = [](float x) {
    double const exact = 1 / std::sqrt(static_cast<double>(x));
    return std::abs(detail::reciprocal_sqrt(x) - exact) / exact;
  };
  CHECK(worst(1e-37f, 1e37f, 1009, 1, error) < 1e-7);
  CHECK(detail::reciprocal_sqrt(4.0f) == 0.5f);
}
