// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Improved DDPM's respacing: K of T training steps, evenly spread, over all or by sections.

#include <ardent/grid/grid.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief Step i of K stands at training step round(i (T - 1) / (K - 1)): the stride is added up from 0 in double and
/// each sum is rounded, halves to even.
///
/// K = 1 visits the noisiest step T - 1. (Published code then visits step 0 alone, which would treat pure noise as a
/// nearly clean token.)
///
/// Source: Improved DDPM (arXiv 2102.09672), section 4.
struct respaced {
  /// @param steps            K, in [1, T]
  /// @param train_timesteps  T
  /// @param out              K integers, ascending
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    if (steps == 1) {
      out[0] = train_timesteps - 1;
      return;
    }
    const double stride = static_cast<double>(train_timesteps - 1) / (steps - 1);
    double place = 0;
    for (int i = 0; i < steps; ++i) {
      out[i] = detail::nearest_even(place);
      place += stride;
    }
  }
};

/// @brief Respacing by sections: the T training steps are cut into as many equal parts as there are shares (the first
/// T mod n parts have one more), and each part is respaced on its own.
///
/// The K steps are dealt to the parts in proportion to the shares: up to part j stand round(K (s_1 + ... + s_j) /
/// (s_1 + ... + s_n)) of them. With K equal to the sum this is the published grid, "9,5,4,1" being
/// `respaced_sections<9, 5, 4, 1>` with 19 steps; an annealed K keeps the shape. The first share is that of the
/// cleanest steps. A part that gets a single step visits its cleanest one, as published.
///
/// Source: Improved DDPM (arXiv 2102.09672), section 4; its published `space_timesteps`.
/// @tparam Shares  at least 1 each
template <int... Shares>
struct respaced_sections {
  static_assert(sizeof...(Shares) > 0 && ((Shares >= 1) && ...),
                "ardent::grid::respaced_sections: a share is below 1, or there is none. Give one number of steps, at "
                "least 1, for each section.");

  /// @param steps            K, in [1, T]
  /// @param train_timesteps  T
  /// @param out              K integers, ascending
  /// @throws std::invalid_argument if a section is to visit more steps than it has
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    constexpr long long shares[] = {Shares...};
    constexpr int sections = static_cast<int>(sizeof...(Shares));
    long long total = 0, before = 0;
    for (const long long share : shares) total += share;
    int first = 0, written = 0;
    for (int s = 0; s < sections; ++s) {
      const int size = train_timesteps / sections + (s < train_timesteps % sections ? 1 : 0);
      before += shares[s];
      const int count = static_cast<int>((2 * steps * before + total) / (2 * total)) - written;
      if (count > size)
        throw std::invalid_argument("ardent::grid::respaced_sections: expected at most " + std::to_string(size) +
                                    " steps in section " + std::to_string(s) + ", found " + std::to_string(count));
      const double stride = count <= 1 ? 1 : static_cast<double>(size - 1) / (count - 1);
      double place = 0;
      for (int i = 0; i < count; ++i) {
        out[written++] = first + detail::nearest_even(place);
        place += stride;
      }
      first += size;
    }
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
