// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Tokens in a random order of each image, evenly spread over the AR steps.

#include <ardent/number.hpp>
#include <ardent/ordering/ordering.hpp>

namespace ardent {
inline namespace v0 {
namespace ordering {

/// @brief A permutation of each image's tokens, keyed by (seed, image), cut into n equal parts.
/// @tparam SequenceLength  L, tokens of an image, or `dynamic`
/// @tparam ArSteps         n, in [1, L], or `dynamic`; by default one token a step
template <auto SequenceLength, auto ArSteps = SequenceLength>
class random {
  using sizes = detail::ordering_sizes<SequenceLength, ArSteps>;

 public:
  static constexpr bool permuted = true;  ///< in a random order of each image

  constexpr random() {
    if constexpr (!sizes::is_checked) detail::check_ordering("random", sequence_length(), ar_steps());
  }
  /// @throws std::invalid_argument unless 1 <= ar_steps <= sequence_length
  constexpr random(int sequence_length, int ar_steps) : sequence_length_(sequence_length), ar_steps_(ar_steps) {
    detail::check_ordering("random", sequence_length, ar_steps);
  }

  /// @brief L.
  constexpr int sequence_length() const { return sequence_length_.get(); }
  /// @brief n.
  constexpr int ar_steps() const {
    // here and not in the class: clang gives up on a class whose assertion fails, and each use of it is one more error
    static_assert(
        sizes::fits,
        "ardent::ordering::random: the number of AR steps is not between 1 and the sequence length. Use no more AR "
        "steps than tokens.");
    return ar_steps_.get();
  }

  /// @brief Tokens of each AR step.
  constexpr void fill(ar_counts* out) const { detail::fill_even(sequence_length(), ar_steps(), out); }

 private:
  [[no_unique_address]] number<int, sizes::sequence_length> sequence_length_;
  [[no_unique_address]] number<int, sizes::ar_steps> ar_steps_;
};

random(int, int) -> random<dynamic, dynamic>;

}  // namespace ordering
}  // namespace v0
}  // namespace ardent
