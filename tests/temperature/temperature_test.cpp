// SPDX-License-Identifier: Apache-2.0
//
// Temperatures: closed forms, errors, and what a sampler makes of them.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <stdexcept>
#include <type_traits>

#include "sampler/rows.hpp"

namespace {

namespace temperature = ardent::temperature;

ardent::ar_progress at(int ar_step, int ar_steps) { return {ar_step, ar_steps, 0, 1}; }

}  // namespace

TEST_CASE("temperature: none is 1, constant is constant, linear goes from one to the other") {
  for (int i = 0; i < 9; ++i) {
    CHECK(temperature::none().factor(at(i, 9)) == 1);
    CHECK(temperature::constant(0.8).factor(at(i, 9)) == 0.8);
    CHECK(temperature::linear(1.2, 0.4).factor(at(i, 9)) == doctest::Approx(1.2 - 0.1 * i).epsilon(1e-14));
  }
  CHECK(temperature::linear(1.2, 0.4).factor(at(0, 1)) == 1.2);
  CHECK(temperature::linear(0.5, 0.5).factor(at(3, 7)) == 0.5);
}

TEST_CASE("temperature: linear_open stops a step short of its end, cosine reaches it late") {
  for (int const n : {1, 4, 11})
    for (int i = 0; i < n; ++i) {
      CHECK(temperature::linear_open(0.85, 1.05).factor(at(i, n)) ==
            doctest::Approx(0.85 + 0.2 * i / n).epsilon(1e-14));
      double const angle = std::acos(0.0) * (i + 1) / n;
      CHECK(temperature::cosine(0.8, 1).factor(at(i, n)) == doctest::Approx(1 - 0.2 * std::cos(angle)).epsilon(1e-14));
    }
  CHECK(temperature::cosine(0.8, 1).factor(at(9, 10)) == 1);
  // as published code of Frequency AR gave them, with 11 and 10 levels
  CHECK(temperature::linear_open<0.85, 0.9>().factor(at(3, 11)) == 0.8636363636363636);
  CHECK(temperature::cosine<0.8, 1.0>().factor(at(0, 10)) == doctest::Approx(0.8024623318809725).epsilon(1e-15));
  CHECK(temperature::cosine<0.8, 1.0>().factor(at(6, 10)) == doctest::Approx(0.9092019000520907).epsilon(1e-15));
}

TEST_CASE("temperature: a sampler's noise factors, its rows unchanged") {
  using ddpm = ardent::solver::ddpm<>;
  auto const plain = ardent::make_sampler(ardent::ordering::raster(8, 5), ddpm{});
  auto const scaled = ardent::make_sampler(ardent::ordering::raster(8, 5), ddpm{}, temperature::linear(1, 0.6));
  for (int i = 0; i < 5; ++i) {
    CHECK(plain.noise_factor(i) == 1);
    CHECK(scaled.noise_factor(i) == doctest::Approx(1 - 0.1 * i));
  }
  test::check_same_bits(test::program_of(plain), test::program_of(scaled));
}

TEST_CASE("temperature: negative ones, and what is no number, are refused") {
  CHECK_THROWS_WITH_AS(temperature::constant(-0.1),
                       "ardent::temperature: expected a temperature in [0, 1e6], found -0.100000",
                       std::invalid_argument);
  CHECK_THROWS_AS(temperature::constant(std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(temperature::linear(1, -1), std::invalid_argument);
  CHECK_THROWS_AS(temperature::linear(2e6, 1), std::invalid_argument);
  CHECK_THROWS_AS(temperature::linear_open(-1, 1), std::invalid_argument);
  CHECK_THROWS_AS(temperature::cosine(1, std::nan("")), std::invalid_argument);
  CHECK_NOTHROW(temperature::constant(0));
}

TEST_CASE("temperature: static and dynamic ones are one policy") {
  for (int i = 0; i < 4; ++i) {
    CHECK(temperature::constant<0.9>().factor(at(i, 4)) == temperature::constant(0.9).factor(at(i, 4)));
    CHECK(temperature::linear<1.0, 0.7>().factor(at(i, 4)) == temperature::linear(1.0, 0.7).factor(at(i, 4)));
  }
  static_assert(std::is_empty_v<temperature::constant<0.9>> && std::is_empty_v<temperature::linear<1, 0>>);
  static_assert(!temperature::none::scales_noise && temperature::constant<1>::scales_noise);
  static_assert(ardent::sampler<ardent::ordering::raster<2>, ardent::solver::ddpm<>,
                                temperature::linear<1.0, 0.9>>::tables_at_compile_time);
}
