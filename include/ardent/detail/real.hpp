// SPDX-License-Identifier: Apache-2.0
#pragma once

// A double whose products are rounded before anything is added to them. Tables are computed with it, so that the
// compiler (which never contracts a * b + c) and the running program (which does under -march=native) agree bit for
// bit: 1 - abar / abar_prev cancels, and one contracted product upstream would show in thousands of ulps.

#include <ardent/config.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Returns its argument, opaque to the optimiser at run time: a product that passed through cannot be contracted.
constexpr double rounded(double x) {
  if (!__builtin_is_constant_evaluated()) {
#if defined(__CUDA_ARCH__)
#elif defined(__x86_64__)
    __asm__("" : "+x"(x));
#elif defined(__aarch64__)
    __asm__("" : "+w"(x));
#else
    volatile double y = x;
    x = y;
#endif
  }
  return x;
}

struct real {
  double value = 0;
  constexpr real() = default;
  constexpr real(double x) : value(x) {}
  constexpr explicit operator double() const { return value; }

  friend constexpr real operator+(real a, real b) { return a.value + b.value; }
  friend constexpr real operator-(real a, real b) { return a.value - b.value; }
  friend constexpr real operator*(real a, real b) { return rounded(a.value * b.value); }
  friend constexpr real operator/(real a, real b) { return a.value / b.value; }
  friend constexpr real operator-(real a) { return -a.value; }
  friend constexpr bool operator<(real a, real b) { return a.value < b.value; }
  friend constexpr bool operator>(real a, real b) { return a.value > b.value; }
  friend constexpr bool operator<=(real a, real b) { return a.value <= b.value; }
  friend constexpr bool operator>=(real a, real b) { return a.value >= b.value; }
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
