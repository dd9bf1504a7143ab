// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A guidance that is asked for and not applied, as published code does with some solvers.

#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>

#include <utility>

namespace ardent {
inline namespace v0 {
namespace guidance {

/// @brief For parity only: DiSA's published code denoises both halves of a guided batch independently when it samples
/// by DPM-Solver or DPM-Solver++, so its tokens are those of the conditional branch alone, whatever the scale.
///
/// The sampler evaluates one branch and mixes nothing; `asked` still says what was asked for. The right thing is the
/// wrapped guidance itself: it works with every solver.
/// @tparam Guidance  the guidance that is not applied
template <class Guidance>
class ignored_as_published {
  static_assert(guidance_policy<Guidance>,
                "ardent::guidance::ignored_as_published: this is not a guidance. Wrap guidance::constant, linear, "
                "cosine or power.");

 public:
  static constexpr bool guided = false;  ///< one branch

  constexpr ignored_as_published() = default;
  /// @param guidance  the guidance that is not applied
  constexpr explicit ignored_as_published(Guidance guidance) : guidance_(std::move(guidance)) {}
  /// @brief Refuses a guidance out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::validate_policy(guidance_); }

  constexpr double scale(ar_progress const&) const { return 1; }  ///< 1
  /// @brief The scale that was asked for.
  constexpr double asked(ar_progress const& p) const { return guidance_.scale(p); }

 private:
  [[no_unique_address]] Guidance guidance_;
};

}  // namespace guidance
}  // namespace v0
}  // namespace ardent
