// SPDX-License-Identifier: Apache-2.0
//
// The transformer's own exp and GELU against the standard library's in double precision: the bounds that they state.
#include "common/network/transformer_math.hpp"

#include <doctest/doctest.h>

#include <cmath>

using examples::transformer::exp_of_negative;
using examples::transformer::gelu;

TEST_CASE("transformer: exp of what is not positive") {
  double worst = 0;
  for (int i = 0; i <= 870'000; ++i) {
    float const x = static_cast<float>(i) * -1e-4f;
    worst = std::fmax(worst, std::fabs(double{exp_of_negative(x)} / std::exp(double{x}) - 1));
  }
  CHECK(worst < 2e-7);
  CHECK(exp_of_negative(0.0f) == 1.0f);
  CHECK(exp_of_negative(-INFINITY) == exp_of_negative(-87.0f));
  CHECK(exp_of_negative(-87.0f) < 1.7e-38f);
}

TEST_CASE("transformer: GELU is x Phi(x)") {
  double worst = 0;
  for (int i = -200'000; i <= 200'000; ++i) {
    float const x = static_cast<float>(i) * 1e-4f;
    double const right = 0.5 * double{x} * std::erfc(-double{x} * std::sqrt(0.5));
    worst = std::fmax(worst, std::fabs(double{gelu(x)} - right) / std::fmax(1.0, std::fabs(double{x})));
  }
  CHECK(worst < 3e-7);
  CHECK(gelu(0.0f) == 0.0f);
  CHECK(std::fabs(gelu(1000.0f) - 1000.0f) < 3e-4f);
  CHECK(std::fabs(gelu(-1000.0f)) < 3e-4f);
}
