// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Tokens in raster order.

#include <ardent/number.hpp>
#include <ardent/ordering/ordering.hpp>

namespace ardent {
inline namespace v0 {
namespace ordering {

/// @brief Row by row, as many tokens in each AR step as integers allow to spread evenly.
/// @tparam SequenceLength  L, tokens of an image, or `dynamic`
/// @tparam ArSteps         n, in [1, L], or `dynamic`; by default one token a step
template <auto SequenceLength, auto ArSteps = SequenceLength>
class raster {
 public:
  static constexpr bool permuted = false;

  constexpr raster() { detail::check_ordering("raster", sequence_length(), ar_steps()); }
  /// @throws std::invalid_argument unless 1 <= ar_steps <= sequence_length
  constexpr raster(int sequence_length, int ar_steps) : sequence_length_(sequence_length), ar_steps_(ar_steps) {
    detail::check_ordering("raster", sequence_length, ar_steps);
  }

  /// @brief L.
  constexpr int sequence_length() const { return sequence_length_.get(); }
  /// @brief n.
  constexpr int ar_steps() const { return ar_steps_.get(); }

  /// @brief Tokens of each AR step.
  constexpr void fill(ar_counts* out) const { detail::fill_even(sequence_length(), ar_steps(), out); }

 private:
  [[no_unique_address]] number<int, SequenceLength> sequence_length_{};
  [[no_unique_address]] number<int, ArSteps> ar_steps_{};
};

raster(int, int) -> raster<dynamic, dynamic>;

}  // namespace ordering
}  // namespace v0
}  // namespace ardent
