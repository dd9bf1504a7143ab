// SPDX-License-Identifier: Apache-2.0
//
// A denoiser of a token, for tests of what surrounds it: cheap, and every number that it is given matters.
#pragma once

#include <ardent/denoiser/denoiser.hpp>
#include <ardent/prediction.hpp>

namespace test {

/// @brief epsilon = 0.3 x + z_0 - z_1, with z the two numbers of the condition.
/// @tparam Channels  numbers of a token
template <int Channels>
struct affine_denoiser {
  static constexpr ardent::prediction predicted = ardent::prediction::epsilon;
  int channels() const { return Channels; }
  int outputs() const { return Channels; }
  int condition_width() const { return 2; }
  void operator()(float const* x, ardent::time_point const&, float const* condition, float* output) const {
    for (int c = 0; c < Channels; ++c) output[c] = 0.3f * x[c] + condition[0] - condition[1];
  }
};

}  // namespace test
