// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a guidance policy is: the scale of classifier-free guidance at each AR step.

#include <ardent/config.hpp>

#include <concepts>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief Where generation stands when the scale of an AR step is asked for.
struct ar_progress {
  int ar_step = 0;          ///< in [0, ar_steps)
  int ar_steps = 1;         ///< number of AR steps
  int unknown_after = 0;    ///< tokens that stay unknown after this step, as the ordering tells guidance
  int sequence_length = 1;  ///< tokens of an image
};

/// @brief Guidance: output = unconditional + scale * (conditional - unconditional); a learned variance is not guided.
///
/// - `guided`: false if only the conditional branch is evaluated.
/// - `scale(progress)`: the scale at an AR step; 1 is no guidance.
/// - `acts_at(timestep)`, optional: false where only the conditional output is used; see guidance::interval.
template <class G>
concept guidance_policy = requires(G const& g, ar_progress const& p) {
  { G::guided } -> std::convertible_to<bool>;
  { g.scale(p) } -> std::same_as<double>;
};

namespace detail {

template <class G>
constexpr bool guidance_acts_at([[maybe_unused]] G const& guidance, [[maybe_unused]] double timestep) {
  if constexpr (requires { guidance.acts_at(timestep); })
    return guidance.acts_at(timestep);
  else
    return true;
}

constexpr void check_guidance(char const* name, double scale) {
  if (!(scale >= 0 && scale <= 1e6))
    throw std::invalid_argument(std::string("ardent::guidance::") + name +
                                ": guidance_scale must be in [0, 1e6], found " + std::to_string(scale));
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
