// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a denoiser predicts, and the exact affine conversions between the forms.

#include <ardent/process/process.hpp>

namespace ardent {
inline namespace v0 {

/// @brief The quantity a denoiser predicts at x = alpha x0 + sigma epsilon.
enum class prediction {
  epsilon,  ///< the noise
  x0,       ///< the clean token
  v,        ///< alpha epsilon - sigma x0 (Salimans and Ho, arXiv 2202.00512); needs alpha^2 + sigma^2 = 1
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

/// @brief The conversion of a denoiser's output at a node into another prediction.
///
/// All three are affine in one another with coefficients that are the same for both guidance halves, so guidance may
/// be mixed before or after the conversion.
/// @pre alpha > 0 if the target needs division by it (epsilon to x0), sigma > 0 likewise (x0 to epsilon)
constexpr affine convert(prediction from, prediction to, node const& n) {
  using detail::real;
  const real alpha = n.alpha;
  const real sigma = n.sigma;
  if (from == to) return {0, 1};
  if (to == prediction::x0) {
    if (from == prediction::epsilon) return {(real(1) / alpha).value, -(sigma / alpha).value};
    return {alpha.value, -sigma.value};  // v
  }
  if (to == prediction::epsilon) {
    if (from == prediction::x0) return {(real(1) / sigma).value, -(alpha / sigma).value};
    return {sigma.value, alpha.value};  // v
  }
  // to v: alpha epsilon - sigma x0 with the other one eliminated
  if (from == prediction::epsilon) return {-(sigma / alpha).value, (alpha + sigma * sigma / alpha).value};
  return {(alpha / sigma).value, -(sigma + alpha * alpha / sigma).value};  // x0
}

}  // namespace v0
}  // namespace ardent
