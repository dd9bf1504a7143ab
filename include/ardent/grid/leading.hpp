// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Evenly strided training steps from the clean end.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief Step i of K stands at min(i * floor(T / K) + Offset, T - 1): the noisiest steps are left out.
///
/// Source: DDIM (arXiv 2010.02502); the name from Lin et al. (arXiv 2305.08891), table 2.
/// @tparam Offset  added to each step, at least 0, or `dynamic`
template <auto Offset = 0>
class leading {
 public:
  static constexpr bool may_repeat = true;  ///< what the offset moves beyond T - 1 stands at T - 1, once
  constexpr leading() = default;
  /// @param offset  added to each step, at least 0
  /// @throws std::invalid_argument otherwise
  constexpr explicit leading(int offset) : offset_(offset) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    if (offset_.get() < 0)
      throw std::invalid_argument("ardent::grid::leading: the offset must be at least 0, found " +
                                  std::to_string(offset_.get()));
  }
  /// @param steps            K, in [1, T]
  /// @param train_timesteps  T
  /// @param out              K integers, ascending
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    const int stride = train_timesteps / steps;
    for (int i = 0; i < steps; ++i) {
      const int t = i * stride + offset_.get();
      out[i] = t < train_timesteps ? t : train_timesteps - 1;
    }
  }

 private:
  [[no_unique_address]] number<int, Offset> offset_;
};

leading(int) -> leading<dynamic>;

}  // namespace grid
}  // namespace v0
}  // namespace ardent
