// SPDX-License-Identifier: Apache-2.0
#pragma once

// The integrals behind exponential multistep solvers: a polynomial through past model outputs, integrated exactly
// against the exponential of half the log signal-to-noise ratio.

#include <ardent/detail/math.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// integral from 0 to h of e^(sign (h - s)) s^j ds, j in [0, 2], h > 0. sign -1: data form; sign +1: noise form.
constexpr real exponential_moment(double h, int j, int sign) {
  if (h < 0.7) {
    // h^(j+1) sum_n (sign h)^n j! / (j + 1 + n)!: the recurrence below would cancel
    real term = real(h) / real(j + 1);  // h^(j+1) / (j + 1), the term n = 0
    for (int i = 0; i < j; ++i) term = term * real(h);
    real sum = term;
    for (int n = 1; n < 20; ++n) {
      term = term * real(sign * h) / real(j + 1 + n);
      sum = sum + term;
    }
    return sum;
  }
  real moment = sign * expm1(sign * h);
  real power = 1.0;
  for (int i = 1; i <= j; ++i) {
    power = power * real(h);
    moment = sign < 0 ? power - real(i) * moment : real(i) * moment - power;
  }
  return moment;
}

/// Weights of up to three outputs at offsets 0, s1, s2 (negative, in lambda, from the start of the step) for the
/// integral over a step of length h of e^(sign (h - s)) times the polynomial through them.
struct exponential_weights {
  real of[3] = {};
};

constexpr exponential_weights weights_for(double h, int count, double s1, double s2, int sign) {
  const real i0 = exponential_moment(h, 0, sign);
  if (count == 1) return {{i0, 0.0, 0.0}};
  const real i1 = exponential_moment(h, 1, sign);
  if (count == 2) return {{i0 - i1 / real(s1), i1 / real(s1), 0.0}};
  const real i2 = exponential_moment(h, 2, sign);
  const real a = s1, b = s2;
  // Lagrange's basis on {0, a, b}
  return {{i0 - i1 * (a + b) / (a * b) + i2 / (a * b), (i2 - b * i1) / (a * (a - b)), (i2 - a * i1) / (b * (b - a))}};
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
