// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The sizes of an AdaLN MLP head, static or dynamic, and its weights as a checkpoint stores them.

#include <ardent/number.hpp>
#include <ardent/packed_matrix.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace ardent {
inline namespace v0 {

/// @brief Sinusoids of a time embedding: 128 cosines, then 128 sines.
inline constexpr int time_sinusoids = 256;

/// @brief The sizes of an AdaLN MLP head.
/// @tparam Channels        channels of a token, at least 1, or `dynamic`
/// @tparam Outputs         numbers the head outputs, at least Channels; twice that with a variance half; or `dynamic`
/// @tparam Width           W, or `dynamic`
/// @tparam Depth           D, residual blocks, at least 1, or `dynamic`
/// @tparam ConditionWidth  numbers of a condition z, or `dynamic`
template <auto Channels = dynamic, auto Outputs = dynamic, auto Width = dynamic, auto Depth = dynamic,
          auto ConditionWidth = dynamic>
class adaln_shape {
 public:
  constexpr adaln_shape() = default;
  /// @throws std::invalid_argument if a size is below 1 or outputs below channels, or differs from the static one
  constexpr adaln_shape(int channels, int outputs, int width, int depth, int condition_width)
      : channels_(channels), outputs_(outputs), width_(width), depth_(depth), condition_width_(condition_width) {
    if (channels < 1 || outputs < channels || width < 1 || depth < 1 || condition_width < 1)
      throw std::invalid_argument(
          "ardent::adaln_shape: expected channels, width, depth and condition_width of at least 1 and outputs >= "
          "channels, found " +
          std::to_string(channels) + ", " + std::to_string(width) + ", " + std::to_string(depth) + ", " +
          std::to_string(condition_width) + " and " + std::to_string(outputs));
  }

  ARDENT_HD constexpr int channels() const { return channels_.get(); }                ///< channels of a token
  ARDENT_HD constexpr int outputs() const { return outputs_.get(); }                  ///< numbers the head outputs
  ARDENT_HD constexpr int width() const { return width_.get(); }                      ///< W
  ARDENT_HD constexpr int depth() const { return depth_.get(); }                      ///< D
  ARDENT_HD constexpr int condition_width() const { return condition_width_.get(); }  ///< numbers of a condition
  /// @brief Numbers that one row's modulations take: shift, scale, gate of each block, shift, scale of the last layer.
  ARDENT_HD constexpr int modulations() const { return (3 * depth() + 2) * width(); }

 private:
  [[no_unique_address]] number<int, Channels> channels_;
  [[no_unique_address]] number<int, Outputs> outputs_;
  [[no_unique_address]] number<int, Width> width_;
  [[no_unique_address]] number<int, Depth> depth_;
  [[no_unique_address]] number<int, ConditionWidth> condition_width_;
};

adaln_shape(int, int, int, int, int) -> adaln_shape<dynamic, dynamic, dynamic, dynamic, dynamic>;

/// @brief A linear layer as a checkpoint stores it: y = weight x + bias. Views.
struct linear_weights {
  float const* weight = nullptr;  ///< [outputs][inputs]
  float const* bias = nullptr;    ///< [outputs]
};

/// @brief A residual block's weights. Views.
struct adaln_block_weights {
  float const* norm_weight = nullptr;  ///< [W]
  float const* norm_bias = nullptr;    ///< [W]
  linear_weights mlp_in;               ///< W to W
  linear_weights mlp_out;              ///< W to W
  linear_weights modulation;           ///< W to 3 W: shift, scale, gate
};

/// @brief A head's weights as a checkpoint stores them. Views.
struct adaln_weights {
  linear_weights time_in;                   ///< 256 to W
  linear_weights time_out;                  ///< W to W
  linear_weights condition;                 ///< condition_width to W
  linear_weights input;                     ///< channels to W
  std::vector<adaln_block_weights> blocks;  ///< D of them
  linear_weights final_modulation;          ///< W to 2 W: shift, scale
  linear_weights output;                    ///< W to outputs
};

}  // namespace v0
}  // namespace ardent
