// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief MAR's masked generation: a random order, few tokens first and more later, by a cosine.

#include <ardent/detail/math.hpp>
#include <ardent/number.hpp>
#include <ardent/ordering/ordering.hpp>

namespace ardent {
inline namespace v0 {
namespace ordering {

/// @brief After AR step s, floor(L cos(pi/2 (s + 1) / n)) tokens stay unknown, but at least 1 and at least one fewer
/// than before; the last step draws all that are left. Positions come in a random order of each image, keyed by
/// (seed, image).
///
/// `unknown_after` is the published mask_len, which is 1 at the last step although nothing stays unknown; linear
/// guidance therefore ends just below its full scale, as it does in the published loop.
///
/// Source: MAR (arXiv 2406.11838), section 3.3, after MaskGIT (arXiv 2202.04200).
/// @tparam SequenceLength  L, tokens of an image, or `dynamic`
/// @tparam ArSteps         n, in [1, L], or `dynamic`
template <auto SequenceLength, auto ArSteps>
class masked {
  using sizes = detail::ordering_sizes<SequenceLength, ArSteps>;

 public:
  static constexpr bool permuted = true;  ///< in a random order of each image

  constexpr masked() {
    if constexpr (!sizes::is_checked) detail::check_ordering("masked", sequence_length(), ar_steps());
  }
  /// @throws std::invalid_argument unless 1 <= ar_steps <= sequence_length
  constexpr masked(int sequence_length, int ar_steps) : sequence_length_(sequence_length), ar_steps_(ar_steps) {
    detail::check_ordering("masked", sequence_length, ar_steps);
  }

  /// @brief L.
  constexpr int sequence_length() const { return sequence_length_.get(); }
  /// @brief n.
  constexpr int ar_steps() const {
    // here and not in the class: clang gives up on a class whose assertion fails, and each use of it is one more error
    static_assert(
        sizes::fits,
        "ardent::ordering::masked: the number of AR steps is not between 1 and the sequence length. Use no more AR "
        "steps than tokens.");
    return ar_steps_.get();
  }

  /// @brief Tokens of each AR step.
  constexpr void fill(ar_counts* out) const {
    int unknown = sequence_length();
    for (int s = 0; s < ar_steps(); ++s) {
      const double share = detail::cos(detail::pi / 2 * (s + 1) / ar_steps());
      int after = detail::floor_to_int(sequence_length() * share);
      if (after > unknown - 1) after = unknown - 1;
      if (after < 1) after = 1;
      out[s] = {s == ar_steps() - 1 ? unknown : unknown - after, after};
      unknown = after;
    }
  }

 private:
  [[no_unique_address]] number<int, sizes::sequence_length> sequence_length_;
  [[no_unique_address]] number<int, sizes::ar_steps> ar_steps_;
};

masked(int, int) -> masked<dynamic, dynamic>;

}  // namespace ordering
}  // namespace v0
}  // namespace ardent
