// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Next-frequency generation: the whole picture again and again, each time with more of its detail.

#include <ardent/detail/math.hpp>
#include <ardent/number.hpp>
#include <ardent/ordering/ordering.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Tokens of all AR steps, or -1 if a number is out of range: the side and the levels behind the first are at least 1,
/// the first at least 0, and all tokens an int.
constexpr int tokens_of_levels(int side, int const* levels, std::size_t count) {
  if (side < 1 || side > 46340 || count < 1 || count > static_cast<std::size_t>(most_ar_steps)) return -1;
  for (std::size_t i = 0; i < count; ++i)
    if (levels[i] < (i == 0 ? 0 : 1)) return -1;
  const long long all = static_cast<long long>(side) * side * static_cast<long long>(count);
  return all > std::numeric_limits<int>::max() ? -1 : static_cast<int>(all);
}

/// The same for template arguments.
template <auto Side, auto... Levels>
constexpr bool are_levels() {
  if constexpr (sizeof...(Levels) == 0 || !std::is_integral_v<decltype(Side)> ||
                !(std::is_integral_v<decltype(Levels)> && ...)) {
    return false;
  } else {
    constexpr auto narrow = [](auto n) { return n < 0 || n > 1 << 20 ? -1 : static_cast<int>(n); };
    constexpr int levels[] = {narrow(Levels)...};
    return tokens_of_levels(narrow(Side), levels, sizeof...(Levels)) > 0;
  }
}

/// The levels, or one that compiles in their place.
template <auto Side, auto... Levels>
constexpr auto levels_of() {
  if constexpr (are_levels<Side, Levels...>())
    return std::array<int, sizeof...(Levels)>{static_cast<int>(Levels)...};
  else
    return std::array<int, 1>{0};
}

/// Every AR step draws a picture.
constexpr void fill_levels(int tokens, int count, ar_counts* out) {
  for (int i = 0; i < count; ++i) out[i] = {tokens, tokens * (count - 1 - i)};
}

}  // namespace detail

namespace ordering {

/// @brief AR step i draws all side^2 tokens of the picture anew, at frequency level_i. The image's sequence is these
/// pictures one after the other: positions count through them, and the last picture is the image.
///
/// What the backbone is shown of the picture before, and at what resolution, is the model's: Frequency AR reduces it to
/// level_i x level_i by means and enlarges it again. Source: FAR (arXiv 2503.05305), section 3.2, and its code.
/// @tparam Side    tokens along a side, at least 1, or a single `dynamic`
/// @tparam Levels  the level of each AR step: at least 0 for the first, which has no picture before it, else at least 1
template <auto Side, auto... Levels>
class next_frequency {
  static constexpr bool fits = detail::are_levels<Side, Levels...>();
  static constexpr auto levels = detail::levels_of<Side, Levels...>();

 public:
  static constexpr bool permuted = false;  ///< in raster order

  /// @brief Tokens along a side.
  constexpr int side() const {
    if constexpr (fits)
      return static_cast<int>(Side);
    else
      return 1;
  }
  /// @brief Tokens of a picture.
  constexpr int picture_tokens() const { return side() * side(); }
  /// @brief Tokens of all pictures.
  constexpr int sequence_length() const { return picture_tokens() * static_cast<int>(levels.size()); }
  /// @brief Number of levels.
  constexpr int ar_steps() const {
    // here and not in the class: clang gives up on a class whose assertion fails, and each use of it is one more error
    static_assert(
        fits,
        "ardent::ordering::next_frequency: the side is not a positive integer, or the levels are not between "
        "1 and 65536 integers of at least 1 (the first at least 0). Give the side and each AR step's level, as "
        "in next_frequency<16, 0, 2, 3, 4>.");
    return static_cast<int>(levels.size());
  }
  /// @brief The level of an AR step, in [0, ar_steps()).
  constexpr int level(int i) const { return levels[static_cast<std::size_t>(i)]; }
  /// @brief Position of an AR step's first token.
  constexpr int first(int i) const { return i * picture_tokens(); }

  /// @brief Tokens of each AR step.
  constexpr void fill(ar_counts* out) const { detail::fill_levels(picture_tokens(), ar_steps(), out); }
};

/// @brief The same with side and levels given at run time.
template <>
class next_frequency<dynamic> {
 public:
  static constexpr bool permuted = false;  ///< in raster order

  /// @param side    tokens along a side, at least 1
  /// @param levels  the level of each AR step, at least 1, the first at least 0
  /// @throws std::invalid_argument if a number is out of range, there is no level or more than 65536, or the tokens of
  ///         all AR steps are beyond int
  next_frequency(int side, std::vector<int> levels) : side_(side), levels_(std::move(levels)) {
    if (detail::tokens_of_levels(side_, levels_.data(), levels_.size()) > 0) return;
    std::string found = "side " + std::to_string(side_) + " and levels";
    for (std::size_t i = 0; i < levels_.size() && i < 16; ++i) found += " " + std::to_string(levels_[i]);
    if (levels_.size() > 16) found += " ... (" + std::to_string(levels_.size()) + ")";
    throw std::invalid_argument(
        "ardent::ordering::next_frequency: expected a side of at least 1 and 1 to " +
        std::to_string(detail::most_ar_steps) +
        " levels of at least 1 (the first at least 0) with fewer than 2^31 tokens in all, found " + found +
        (levels_.empty() ? " (none)" : ""));
  }

  /// @brief Tokens along a side.
  int side() const { return side_; }
  /// @brief Tokens of a picture.
  int picture_tokens() const { return side_ * side_; }
  /// @brief Tokens of all pictures.
  int sequence_length() const { return picture_tokens() * ar_steps(); }
  /// @brief Number of levels.
  int ar_steps() const { return static_cast<int>(levels_.size()); }
  /// @brief The level of an AR step, in [0, ar_steps()).
  int level(int i) const { return levels_[static_cast<std::size_t>(i)]; }
  /// @brief Position of an AR step's first token.
  int first(int i) const { return i * picture_tokens(); }

  /// @brief Tokens of each AR step.
  void fill(ar_counts* out) const { detail::fill_levels(picture_tokens(), ar_steps(), out); }

 private:
  int side_;
  std::vector<int> levels_;
};

next_frequency(int, std::vector<int>) -> next_frequency<dynamic>;

/// @brief How many tokens of the picture before stay hidden from the backbone at an AR step of Frequency AR's masked
/// variant: floor(tokens cos(pi/2 i/n)) at AR step i of n, all of them at the first. Unlike ordering::masked's, it has
/// no least number: of the last picture none would be hidden. Source: published code of FAR (arXiv 2503.05305).
/// @param tokens    of a picture
/// @param ar_step   i, in [0, ar_steps]
/// @param ar_steps  n, at least 1
constexpr int hidden_tokens(int tokens, int ar_step, int ar_steps) {
  if (ar_step >= ar_steps) return 0;  // of a cosine that rounding leaves just above 0
  return detail::floor_to_int(tokens * detail::cos(detail::pi / 2 * ar_step / ar_steps));
}

}  // namespace ordering
}  // namespace v0
}  // namespace ardent
