// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What an annealing policy is: how many denoising steps each AR step gets (Diffusion Step Annealing, DiSA).

#include <ardent/config.hpp>

#include <concepts>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief An annealing policy: `steps(ar_step, ar_steps)` is the number of denoising steps requested at AR step
/// `ar_step` in [0, ar_steps), at least 1. Write your own in ten lines: see examples/03_own_policies.
template <class A>
concept annealing_policy = requires(A const& a, int ar_step, int ar_steps) {
  { a.steps(ar_step, ar_steps) } -> std::same_as<int>;
};

namespace detail {

/// Refuses bounds that are not 1 <= lower <= upper.
constexpr void check_annealing_bounds(char const* name, int upper, int lower) {
  if (lower < 1 || upper < lower)
    throw std::invalid_argument(std::string("ardent::annealing::") + name +
                                ": expected upper >= lower >= 1, found upper " + std::to_string(upper) + " and lower " +
                                std::to_string(lower));
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
