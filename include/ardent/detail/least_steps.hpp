// SPDX-License-Identifier: Apache-2.0
#pragma once

// What solvers and grids have in common.

namespace ardent {
inline namespace v0 {
namespace detail {

/// The fewest steps that a solver or a grid can make.
template <class P>
constexpr int least_steps() {
  if constexpr (requires { P::least_steps; })
    return P::least_steps;
  else
    return 1;
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
