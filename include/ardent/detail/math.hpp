// SPDX-License-Identifier: Apache-2.0
#pragma once

// exp, expm1, log, log1p, sin, cos and sqrt in double, usable in constant expressions under g++, clang and nvcc (whose
// <cmath> is not), with the same bits at run time. Errors against libm are measured by tests/math/math_test.cpp; the
// bounds stated here are the ones it enforces.

#include <ardent/detail/real.hpp>

#include <bit>
#include <cstdint>

namespace ardent {
inline namespace v0 {
namespace detail {

inline constexpr double pi = 3.14159265358979323846;

/// 2^n for n in [-1022, 1023].
constexpr double power_of_two(int n) { return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52); }

/// Nearest integer, halves away from zero, for |x| < 2^31.
constexpr int nearest(double x) { return static_cast<int>(x < 0 ? x - 0.5 : x + 0.5); }

/// Nearest integer, halves to even, for |x| < 2^31 (Python's round).
constexpr int nearest_even(double x) {
  const int below = static_cast<int>(x) - (x < static_cast<int>(x) ? 1 : 0);
  const double rest = x - below;
  if (rest < 0.5) return below;
  if (rest > 0.5) return below + 1;
  return below % 2 == 0 ? below : below + 1;
}

/// Largest integer <= x, for |x| < 2^31.
constexpr int floor_to_int(double x) {
  const int truncated = static_cast<int>(x);
  return x < truncated ? truncated - 1 : truncated;
}

constexpr double smaller(double a, double b) { return b < a ? b : a; }
constexpr double larger(double a, double b) { return a < b ? b : a; }

// ln 2 and pi / 2 as sums of two doubles; the first has trailing zeros, so that its product with a small integer is
// exact.
inline constexpr double ln2_high = 0x1.62e42fee00000p-1;
inline constexpr double ln2_low = 0x1.a39ef35793c76p-33;
inline constexpr double half_pi_high = 0x1.921fb54400000p+0;
inline constexpr double half_pi_low = 0x1.0b4611a626331p-34;

/// exp(r) - 1 for |r| <= 0.35, by its Taylor series to r^14.
constexpr real expm1_reduced(real r) {
  real sum = 1.0 / 14;
  for (int n = 13; n >= 3; --n) sum = real(1.0 / n) * (real(1.0) + r * sum);
  // the first two terms last, so that the leading one is not rounded by the series
  const real half_square = real(0.5) * (r * r);
  return r + (half_square + half_square * (r * sum));
}

/// exp(x), x in [-700, 700]. Error below 1 ulp.
constexpr double exp(double x) {
  const int k = nearest(x * 1.44269504088896340736);
  const real high = real(x) - real(k) * real(ln2_high);
  const real r = high - real(k) * real(ln2_low);
  return static_cast<double>((real(1.0) + expm1_reduced(r)) * real(power_of_two(k)));
}

/// exp(x) - 1 without cancellation, x in [-700, 700]. Error below 2 ulp.
constexpr double expm1(double x) {
  if (x < 0.35 && x > -0.35) return static_cast<double>(expm1_reduced(x));
  const int k = nearest(x * 1.44269504088896340736);
  const real high = real(x) - real(k) * real(ln2_high);
  const real r = high - real(k) * real(ln2_low);
  const real scale = power_of_two(k);
  return static_cast<double>(scale * expm1_reduced(r) + (scale - real(1.0)));
}

/// log(x), x a positive normal double. Error below 1 ulp.
constexpr double log(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  int k = static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL);
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    k += 1;
  }
  // log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)) with s = f / (2 + f); R is the rest of 2 atanh(s) / s.
  const real f = m - 1.0;
  const real s = f / (real(2.0) + f);
  const real z = s * s;
  real rest = 2.0 / 25;
  for (int n = 23; n >= 3; n -= 2) rest = real(2.0 / n) + z * rest;
  const real half_square = real(0.5) * (f * f);
  const real correction = s * (half_square + z * rest);
  return static_cast<double>(real(k) * real(ln2_high) - ((half_square - (correction + real(k) * real(ln2_low))) - f));
}

/// log(1 + x) without cancellation, x from 0 to 1e300. Error below 2 ulp.
constexpr double log1p(double x) {
  const real u = real(1.0) + real(x);
  return static_cast<double>(real(log(u.value)) - ((u - real(1.0)) - real(x)) / u);  // what the sum has rounded away
}

/// sin(x + y) for |x| <= pi / 4 and a tiny tail y.
constexpr real sin_reduced(real x, real y) {
  const real z = x * x;
  real sum = -1.0 / (18.0 * 19.0);
  for (int n = 16; n >= 4; n -= 2) sum = real(-1.0 / (n * (n + 1.0))) * (real(1.0) + z * sum);
  // sum = -z-series after x - x^3/6
  const real cube = z * x;
  return x - (real(1.0 / 6) * cube * (real(1.0) + z * sum) - y * (real(1.0) - real(0.5) * z));
}

/// cos(x + y) for |x| <= pi / 4 and a tiny tail y.
constexpr real cos_reduced(real x, real y) {
  const real z = x * x;
  real sum = -1.0 / (17.0 * 18.0);
  for (int n = 15; n >= 5; n -= 2) sum = real(-1.0 / (n * (n + 1.0))) * (real(1.0) + z * sum);
  const real half = real(0.5) * z;
  const real top = real(1.0) - half;
  return top + (((real(1.0) - top) - half) + (z * z * real(1.0 / 24) * (real(1.0) + z * sum) - x * y));
}

struct quadrant {
  int index;
  real x, y;
};

/// x = index * pi/2 + (x + y), |x| <= pi/4, for |x| <= 1000.
constexpr quadrant reduce_to_quadrant(double x) {
  const int n = nearest(x * 0.63661977236758134308);
  const real high = real(x) - real(n) * real(half_pi_high);
  const real low = real(n) * real(half_pi_low);
  const real r = high - low;
  return {n & 3, r, (high - r) - low};
}

/// cos(x), |x| <= 1000. Error below 1 ulp for |x| <= pi away from the zeros at odd multiples of pi/2, and 1e-17
/// absolute next to them.
constexpr double cos(double x) {
  const quadrant q = reduce_to_quadrant(x);
  const real c = q.index % 2 == 0 ? cos_reduced(q.x, q.y) : sin_reduced(q.x, q.y);
  return static_cast<double>(q.index == 0 || q.index == 3 ? c : -c);
}

/// sin(x), |x| <= 1000. Error as for cos.
constexpr double sin(double x) {
  const quadrant q = reduce_to_quadrant(x);
  const real s = q.index % 2 == 0 ? sin_reduced(q.x, q.y) : cos_reduced(q.x, q.y);
  return static_cast<double>(q.index < 2 ? s : -s);
}

/// x * x - a, exactly rounded enough to correct a square root: the square is split by Dekker's product.
constexpr double square_residual(double x, double a) {
  const real split = real(134217729.0) * real(x);  // 2^27 + 1
  const real high = split - (split - real(x));
  const real low = real(x) - high;
  const real p = real(x) * real(x);
  const real error = ((high * high - p) + real(2.0) * (high * low)) + low * low;
  return static_cast<double>((p - real(a)) + error);
}

/// sqrt(x), x zero or a positive normal double, correctly rounded.
constexpr double sqrt(double x) {
  if (!(x > 0)) return x;
  if (!__builtin_is_constant_evaluated()) return __builtin_sqrt(x);
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const int exponent = static_cast<int>(bits >> 52) - 1023;
  const int half = exponent >= 0 ? exponent / 2 : (exponent - 1) / 2;
  const double m = x * power_of_two(-half) * power_of_two(-half);  // in [1, 4)
  double y = 0.589 + 0.4205 * m - 0.0308 * m * m;  // within 12 % there; each iteration squares the error
  for (int i = 0; i < 4; ++i) y = 0.5 * (y + m / y);
  y -= square_residual(y, m) / (2 * y);
  y = smaller(y, 2 - 0x1p-52);  // m < 4: the correction of its largest value is a tie, which would round to 2
  return y * power_of_two(half);
}

/// atan(x) for any x. Error below 3 ulp.
constexpr double atan(double x) {
  if (x < 0) return -atan(-x);
  // tan(pi/8 j) splits the range; each part is moved to |y| <= tan(pi/16) by the subtraction formula
  real base = 0, low = 0;
  double y = x;
  if (x > 1) {
    y = -1 / x;
    base = half_pi_high;
    low = half_pi_low;
  }
  const auto rotate = [&](double tangent, double high, double rest) {
    y = ((real(y) - real(tangent)) / (real(1.0) + real(y) * real(tangent))).value;
    base = base + real(high);
    low = low + real(rest);
  };
  if (y > 0.19891236737965800691) {
    if (y > 0.66817863791929891999)
      rotate(1.0, half_pi_high / 2, half_pi_low / 2);
    else
      rotate(0.41421356237309504880, half_pi_high / 4, half_pi_low / 4);
  } else if (y < -0.19891236737965800691) {
    if (y < -0.66817863791929891999)
      rotate(-1.0, -half_pi_high / 2, -half_pi_low / 2);
    else
      rotate(-0.41421356237309504880, -half_pi_high / 4, -half_pi_low / 4);
  }
  const real z = real(y) * real(y);
  real sum = 1.0 / 25;
  for (int n = 23; n >= 3; n -= 2) sum = real(1.0 / n) - z * sum;
  return (base + (real(y) - (real(y) * (z * sum) - low))).value;
}

/// acos(x), x in [-1, 1]. Error below 4 ulp.
constexpr double acos(double x) {
  if (x <= -1) return pi;
  return 2 * atan(sqrt(((real(1.0) - real(x)) / (real(1.0) + real(x))).value));
}

/// x^y for x > 0, through exp and log: relative error below 1e-15 (1 + |y log x|).
constexpr double pow(double x, double y) { return x == 0 ? 0.0 : exp((real(y) * real(log(x))).value); }

/// |x|.
constexpr double absolute(double x) { return x < 0 ? -x : x; }

}  // namespace detail
}  // namespace v0
}  // namespace ardent
