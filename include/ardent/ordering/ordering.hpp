// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What an ordering is: which token positions are drawn at which AR step.

#include <ardent/number.hpp>

#include <concepts>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief What an ordering says of one AR step.
struct ar_counts {
  int tokens = 0;         ///< tokens drawn for each image, at least 1
  int unknown_after = 0;  ///< tokens still unknown afterwards, as guidance sees it (see ordering::masked)
};

/// @brief An ordering.
///
/// - `sequence_length()`: tokens of an image.
/// - `ar_steps()`: AR steps, in [1, sequence_length()].
/// - `fill(ar_counts*)`: writes one entry for each AR step; the tokens sum to the sequence length.
/// - `permuted`: false if tokens come in raster order, true if in a random order of each image.
/// - `position(i)`, optional: see placed_ordering.
template <class O>
concept ordering_policy = requires(O const& o, ar_counts* out) {
  { o.sequence_length() } -> std::same_as<int>;
  { o.ar_steps() } -> std::same_as<int>;
  { O::permuted } -> std::convertible_to<bool>;
  o.fill(out);
};

/// @brief An ordering that comes neither in raster order nor in a random one, but in an order of its own, which is the
/// same for all images; see ordering::next_cell.
///
/// - `position(i)`: the raster position of the token that is drawn after i others, for i in [0, sequence_length()).
///   Each position comes once. Tokens of one AR step are drawn together, by ascending position.
/// - `permuted` is false.
template <class O>
concept placed_ordering = ordering_policy<O> && !O::permuted && requires(O const& o, int i) {
  { o.position(i) } -> std::same_as<int>;
};

namespace detail {

/// What noise_key has room for.
inline constexpr int most_ar_steps = 65536;

/// Refuses sizes that are not 1 <= ar_steps <= sequence_length.
constexpr void check_ordering(char const* name, int sequence_length, int ar_steps) {
  if (sequence_length < 1)
    throw std::invalid_argument(std::string("ardent::ordering::") + name +
                                ": the sequence length must be at least 1, found " + std::to_string(sequence_length));
  const int most = sequence_length < most_ar_steps ? sequence_length : most_ar_steps;
  if (ar_steps < 1 || ar_steps > most)
    throw std::invalid_argument(std::string("ardent::ordering::") + name + ": expected 1 to " + std::to_string(most) +
                                " AR steps (no more than there are tokens), found " + std::to_string(ar_steps));
}

/// The template arguments of an ordering, or ones that compile in their place.
template <auto SequenceLength, auto ArSteps>
struct ordering_sizes {
  static constexpr bool is_checked = is_static<number<int, SequenceLength>> && is_static<number<int, ArSteps>>;
  static constexpr bool fits = [] {
    if constexpr (is_checked)
      return ArSteps >= 1 && ArSteps <= SequenceLength && ArSteps <= most_ar_steps;
    else
      return true;
  }();
  static constexpr auto sequence_length = [] {
    if constexpr (fits)
      return SequenceLength;
    else
      return 1;
  }();
  static constexpr auto ar_steps = [] {
    if constexpr (fits)
      return ArSteps;
    else
      return 1;
  }();
};

/// Spreads the tokens over the AR steps as evenly as integers allow.
constexpr void fill_even(int sequence_length, int ar_steps, ar_counts* out) {
  long long before = 0;
  for (int i = 0; i < ar_steps; ++i) {
    const long long after = static_cast<long long>(sequence_length) * (i + 1) / ar_steps;
    out[i] = {static_cast<int>(after - before), sequence_length - static_cast<int>(after)};
    before = after;
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
