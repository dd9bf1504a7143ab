// SPDX-License-Identifier: Apache-2.0
#pragma once

// Evenly spaced numbers with one rounding each, as published code has them: a time that differs in its last bit can
// round to another float for the network.

#include <ardent/detail/real.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// a b + c, rounded once (but for ties of the two roundings): the product is split by Dekker's method, the sum by
/// Knuth's.
constexpr double fused_multiply_add(double a, double b, double c) {
  const auto high_of = [](double x) {
    const real split = real(134217729.0) * real(x);  // 2^27 + 1
    return split - (split - real(x));
  };
  const real a1 = high_of(a), b1 = high_of(b);
  const real a2 = real(a) - a1, b2 = real(b) - b1;
  const real product = real(a) * real(b);
  const real product_error = a2 * b2 - (((product - a1 * b1) - a2 * b1) - a1 * b2);
  const real sum = product + real(c);
  const real part = sum - product;
  const real sum_error = (product - (sum - part)) + (real(c) - part);
  return (sum + (sum_error + product_error)).value;
}

/// Number i of n from `first` to `last`, both included, counted from the nearer of them; of a single number, `last`.
constexpr double evenly_spaced(double first, double last, int n, int i) {
  const double step = n > 1 ? (last - first) / (n - 1) : 0.0;
  return i < n / 2 ? fused_multiply_add(step, i, first) : fused_multiply_add(-step, n - 1 - i, last);
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
