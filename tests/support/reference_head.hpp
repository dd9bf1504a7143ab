// SPDX-License-Identifier: Apache-2.0
//
// The AdaLN MLP head again, in double and in plain loops, written from the description of MAR's network (time
// embedding of 128 cosines and 128 sines, residual blocks, final layer) and not from the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/made_head.hpp"

namespace test {

using doubles = std::vector<double>;  ///< a vector of numbers

/// @brief How the layers of modulations and residual blocks keep their weights and what they multiply.
enum class stored {
  exactly,      ///< as they are
  as_bfloat16,  ///< both rounded to 8 significant bits, halves to even (normal numbers)
  as_int8,      ///< both whole multiples of a scale: of an output's weights, of a row of activations
};
using enum stored;

/// @brief What is kept of a row of numbers.
inline doubles kept(doubles x, stored how) {
  double largest = 0;
  for (double const v : x) largest = std::max(largest, std::fabs(v));
  for (double& v : x) {
    int exponent = 0;
    double const fraction = std::frexp(v, &exponent);  // in [1/2, 1)
    if (how == stored::as_bfloat16) v = std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
    if (how == stored::as_int8 && largest > 0) v = std::nearbyint(v / largest * 127) * largest / 127;
  }
  return x;
}

/// @brief The head in double.
class reference_head {
 public:
  /// @param how  how modulations and residual blocks are kept (biases, norms and the other layers stay as they are)
  explicit reference_head(made_head const& head, stored how = stored::exactly) : head_(head), stored_(how) {}

  int channels() const { return head_.shape.channels(); }  ///< channels of a token
  int outputs() const { return head_.shape.outputs(); }    ///< numbers of an output

  /// @brief The embedding of a timestep.
  doubles time(double timestep) const {
    doubles features(256);
    for (std::size_t k = 0; k < 128; ++k) {
      double const angle = timestep * std::pow(10000.0, -static_cast<double>(k) / 128);
      features[k] = std::cos(angle);
      features[128 + k] = std::sin(angle);
    }
    return linear(head_.time_out, silu(linear(head_.time_in, features)));
  }

  /// @brief The output for one token.
  /// @param x  [channels]
  /// @param z  [condition_width]
  doubles operator()(double const* x, double timestep, float const* z) const {
    std::size_t const width = static_cast<std::size_t>(head_.shape.width());
    doubles y = time(timestep);
    doubles const c = linear(head_.condition, doubles(z, z + head_.shape.condition_width()));
    for (std::size_t i = 0; i < width; ++i) y[i] += c[i];
    doubles const drive = silu(y);
    doubles h = linear(head_.input, doubles(x, x + head_.shape.channels()));
    for (made_block const& block : head_.blocks) {
      doubles const modulation = narrow(block.modulation, drive);
      doubles normal = layer_norm(h);
      for (std::size_t i = 0; i < width; ++i) {
        double const affine = normal[i] * block.norm_weight[i] + block.norm_bias[i];
        normal[i] = affine * (1 + modulation[width + i]) + modulation[i];
      }
      doubles const update = narrow(block.mlp_out, silu(narrow(block.mlp_in, normal)));
      for (std::size_t i = 0; i < width; ++i) h[i] += modulation[2 * width + i] * update[i];
    }
    doubles const modulation = narrow(head_.final_modulation, drive);
    doubles normal = layer_norm(h);
    for (std::size_t i = 0; i < width; ++i) normal[i] = normal[i] * (1 + modulation[width + i]) + modulation[i];
    return linear(head_.output, normal);
  }

 private:
  doubles linear(made_linear const& layer, doubles const& x) const {
    doubles y(static_cast<std::size_t>(layer.outputs));
    for (std::size_t o = 0; o < y.size(); ++o) {
      y[o] = layer.bias[o];
      for (std::size_t i = 0; i < x.size(); ++i) y[o] += static_cast<double>(layer.weight[o * x.size() + i]) * x[i];
    }
    return y;
  }
  doubles narrow(made_linear const& layer, doubles const& x) const {
    doubles const rounded = kept(x, stored_);
    doubles y(static_cast<std::size_t>(layer.outputs));
    for (std::size_t o = 0; o < y.size(); ++o) {
      auto const first = layer.weight.begin() + static_cast<std::ptrdiff_t>(o * x.size());
      doubles const row = kept(doubles(first, first + static_cast<std::ptrdiff_t>(x.size())), stored_);
      y[o] = layer.bias[o];
      for (std::size_t i = 0; i < x.size(); ++i) y[o] += row[i] * rounded[i];
    }
    return y;
  }
  static doubles silu(doubles x) {
    for (double& v : x) v /= 1 + std::exp(-v);
    return x;
  }
  static doubles layer_norm(doubles x) {
    double const count = static_cast<double>(x.size());
    double mean = 0, variance = 0;
    for (double const v : x) mean += v / count;
    for (double const v : x) variance += (v - mean) * (v - mean) / count;
    for (double& v : x) v = (v - mean) / std::sqrt(variance + 1e-6);
    return x;
  }

  made_head const& head_;
  stored stored_;
};

/// @brief The largest |got - expected| / max(1, |expected|); NaN if a number is NaN.
template <class Numbers>
double largest_difference(Numbers const& got, doubles const& expected) {
  double largest = got.size() == expected.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
    double const difference =
        std::fabs(static_cast<double>(got[i]) - expected[i]) / std::max(1.0, std::fabs(expected[i]));
    if (!(difference <= largest)) largest = difference;
    if (std::isnan(largest)) return largest;
  }
  return largest;
}

}  // namespace test
