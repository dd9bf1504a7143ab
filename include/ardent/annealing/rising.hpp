// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Leave for an annealing to ask for more steps at a later AR step, as an adaptor.

#include <ardent/annealing/annealing.hpp>
#include <ardent/number.hpp>

#include <type_traits>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace annealing {

/// @brief The same numbers of steps as `Annealing`, which may rise.
///
/// Step counts that rise over the AR steps are usually a mistake (DiSA, arXiv 2505.20297, finds that later AR steps
/// need fewer), so a sampler refuses them unless the policy says that it means it: it is wrapped in this, or has a
/// `static constexpr bool may_rise = true` of its own.
/// What the policy's own validate() refuses stays refused: `linear<5, 50>` has an upper bound below its lower one, and
/// is no rising annealing. Write an annealing::table or a policy of your own for that.
/// @tparam Annealing  any annealing policy
template <annealing_policy Annealing>
class rising {
 public:
  static constexpr bool may_rise = true;  ///< later AR steps may ask for more

  constexpr rising()
    requires std::is_default_constructible_v<Annealing>
      : annealing_() {}
  /// @param annealing  gives the numbers
  constexpr explicit rising(Annealing annealing) : annealing_(std::move(annealing)) {}
  /// @brief Refuses an annealing out of its range. @throws std::invalid_argument
  constexpr void validate() const { detail::validate_policy(annealing_); }

  /// @brief Number of AR steps it is for, if it is for one number only.
  constexpr int ar_steps() const
    requires requires(Annealing const& a) { a.ar_steps(); }
  {
    return annealing_.ar_steps();
  }
  /// @brief Steps at AR step `ar_step`.
  constexpr int steps(int ar_step, int ar_steps) const { return annealing_.steps(ar_step, ar_steps); }

 private:
  [[no_unique_address]] Annealing annealing_;
};

template <class Annealing>
rising(Annealing) -> rising<Annealing>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
