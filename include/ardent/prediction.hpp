// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a denoiser predicts, and the exact affine conversions between the forms.

#include <ardent/process/process.hpp>

namespace ardent {
inline namespace v0 {

/// @brief The quantity a denoiser predicts at x = alpha x0 + sigma epsilon.
enum class prediction {
  epsilon,   ///< the noise
  x0,        ///< the clean token
  v,         ///< alpha epsilon - sigma x0, on any path (Salimans and Ho, arXiv 2202.00512)
  velocity,  ///< dx/dt = alpha' x0 + sigma' epsilon (Lipman et al., arXiv 2210.02747); needs a process over real time
};

/// @brief Policy: the denoiser predicts `What`. The default of a sampler is epsilon.
template <prediction What>
struct predicts {
  static constexpr prediction what = What;  ///< the predicted quantity
};

/// @brief target = x * of_x + output * of_output.
struct affine {
  double of_x;       ///< coefficient of the state
  double of_output;  ///< coefficient of the denoiser's output
};

namespace detail {

/// x0 and epsilon mix into a prediction: output = of_x0 x0 + of_epsilon epsilon.
struct mixture {
  real of_x0, of_epsilon;
};

constexpr mixture mixture_of(prediction what, node const& n) {
  switch (what) {
    case prediction::epsilon:
      return {0.0, 1.0};
    case prediction::x0:
      return {1.0, 0.0};
    case prediction::v:
      return {-real(n.sigma), n.alpha};
    case prediction::velocity:
      return {n.alpha_rate, n.sigma_rate};
  }
  return {0.0, 1.0};
}

}  // namespace detail

/// @brief The conversion of a denoiser's output at a node into another prediction.
///
/// With x = alpha x0 + sigma epsilon and the output a second mixture of the two, x0 and epsilon are the solution of two
/// linear equations, and any other prediction is a mixture of them. The coefficients are the same for both guidance
/// halves, so guidance may be mixed before or after the conversion.
/// @pre x and the output determine the target: epsilon needs alpha > 0 to give another form, x0 needs sigma > 0
constexpr affine convert(prediction from, prediction to, node const& n) {
  using detail::real;
  if (from == to) return {0, 1};
  const real alpha = n.alpha;
  const real sigma = n.sigma;
  const detail::mixture out = detail::mixture_of(from, n);
  const detail::mixture in = detail::mixture_of(to, n);
  real determinant = alpha * out.of_epsilon - sigma * out.of_x0;
  // v has determinant alpha^2 + sigma^2: exactly 1 on a variance-preserving path keeps its conversions free of rounding
  const double from_one = determinant.value - 1;
  if (from == prediction::v && from_one > -1e-14 && from_one < 1e-14) determinant = 1.0;
  // x0 = (of_epsilon x - sigma output) / determinant, epsilon = (alpha output - of_x0 x) / determinant
  return {((in.of_x0 * out.of_epsilon - in.of_epsilon * out.of_x0) / determinant).value,
          ((in.of_epsilon * alpha - in.of_x0 * sigma) / determinant).value};
}

}  // namespace v0
}  // namespace ardent
