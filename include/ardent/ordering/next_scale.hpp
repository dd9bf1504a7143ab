// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Next-scale generation: square maps of growing side, one after the other, a whole map in each AR step.

#include <ardent/number.hpp>
#include <ardent/ordering/ordering.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace detail {

/// The squares' sum, or -1 if a side is below 1 or the sum is beyond int.
constexpr int tokens_of_scales(int const* sides, std::size_t count) {
  long long sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (sides[i] < 1 || sides[i] > 46340) return -1;  // the root of the largest int
    sum += static_cast<long long>(sides[i]) * sides[i];
    if (sum > std::numeric_limits<int>::max()) return -1;
  }
  return static_cast<int>(sum);
}

/// Tokens before scale i.
constexpr int tokens_before_scale(int const* sides, int i) {
  int sum = 0;
  for (int j = 0; j < i; ++j) sum += sides[j] * sides[j];
  return sum;
}

/// What an ordering says of its scales.
constexpr void fill_scales(int const* sides, int count, int sequence_length, ar_counts* out) {
  for (int i = 0, unknown = sequence_length; i < count; ++i) {
    unknown -= sides[i] * sides[i];
    out[i] = {sides[i] * sides[i], unknown};
  }
}

/// True if template arguments are sides of scales.
template <auto... Sides>
constexpr bool are_scales() {
  if constexpr (sizeof...(Sides) == 0 || !(std::is_integral_v<decltype(Sides)> && ...)) {
    return false;
  } else {
    constexpr int sides[] = {(Sides >= 1 && Sides <= std::numeric_limits<int>::max() ? static_cast<int>(Sides) : 0)...};
    return sizeof...(Sides) <= most_ar_steps && tokens_of_scales(sides, sizeof...(Sides)) > 0;
  }
}

/// The sides, or one that compiles in their place.
template <auto... Sides>
constexpr auto sides_of_scales() {
  if constexpr (are_scales<Sides...>())
    return std::array<int, sizeof...(Sides)>{static_cast<int>(Sides)...};
  else
    return std::array<int, 1>{1};
}

}  // namespace detail

namespace ordering {

/// @brief AR step i draws all side_i^2 tokens of a square map, in raster order. The image's sequence is the maps one
/// after the other: positions count through them, and the last map is the picture.
///
/// Source: VAR (arXiv 2404.02905), section 3.2; with diffusion heads FlowAR (arXiv 2412.15205).
/// @tparam Sides  the side of each scale's map in tokens, at least 1 each, their squares' sum within int; or a single
///                `dynamic`
template <auto... Sides>
class next_scale {
  static constexpr auto sides = detail::sides_of_scales<Sides...>();
  static constexpr int length = detail::tokens_of_scales(sides.data(), sides.size());

 public:
  static constexpr bool permuted = false;  ///< in raster order

  /// @brief Tokens of all maps.
  constexpr int sequence_length() const { return length; }
  /// @brief Number of scales.
  constexpr int ar_steps() const {
    // here and not in the class: clang gives up on a class whose assertion fails, and each use of it is one more error
    static_assert(detail::are_scales<Sides...>(),
                  "ardent::ordering::next_scale: the sides are not between 1 and 65536 positive integers whose squares "
                  "sum to an int. Give the side of each scale's map, as in next_scale<1, 2, 4, 8, 16>.");
    return static_cast<int>(sides.size());
  }
  /// @brief Side of scale i's map, in [0, ar_steps()).
  constexpr int side(int i) const { return sides[static_cast<std::size_t>(i)]; }
  /// @brief Position of scale i's first token.
  constexpr int first(int i) const { return detail::tokens_before_scale(sides.data(), i); }

  /// @brief Tokens of each AR step.
  constexpr void fill(ar_counts* out) const { detail::fill_scales(sides.data(), ar_steps(), length, out); }
};

/// @brief The same with sides given at run time.
template <>
class next_scale<dynamic> {
 public:
  static constexpr bool permuted = false;  ///< in raster order

  /// @param sides  the side of each scale's map, at least 1 each
  /// @throws std::invalid_argument if there are none or more than 65536, one is below 1, or their squares' sum is
  ///         beyond int
  explicit next_scale(std::vector<int> sides) : sides_(std::move(sides)) {
    if (sides_.empty() || sides_.size() > static_cast<std::size_t>(detail::most_ar_steps))
      throw std::invalid_argument("ardent::ordering::next_scale: expected 1 to " +
                                  std::to_string(detail::most_ar_steps) + " scales, found " +
                                  std::to_string(sides_.size()));
    for (const int side : sides_)
      if (side < 1)
        throw std::invalid_argument("ardent::ordering::next_scale: a side must be at least 1, found " +
                                    std::to_string(side));
    sequence_length_ = detail::tokens_of_scales(sides_.data(), sides_.size());
    if (sequence_length_ < 0)
      throw std::invalid_argument(
          "ardent::ordering::next_scale: expected fewer than 2^31 tokens over all scales, found more");
  }

  /// @brief Tokens of all maps.
  int sequence_length() const { return sequence_length_; }
  /// @brief Number of scales.
  int ar_steps() const { return static_cast<int>(sides_.size()); }
  /// @brief Side of scale i's map, in [0, ar_steps()).
  int side(int i) const { return sides_[static_cast<std::size_t>(i)]; }
  /// @brief Position of scale i's first token.
  int first(int i) const { return detail::tokens_before_scale(sides_.data(), i); }

  /// @brief Tokens of each AR step.
  void fill(ar_counts* out) const { detail::fill_scales(sides_.data(), ar_steps(), sequence_length_, out); }

 private:
  std::vector<int> sides_;
  int sequence_length_ = 0;
};

next_scale(std::vector<int>) -> next_scale<dynamic>;

}  // namespace ordering
}  // namespace v0
}  // namespace ardent
