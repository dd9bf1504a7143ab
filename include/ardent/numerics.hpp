// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a sampler promises of its arithmetic.

#include <ardent/config.hpp>

namespace ardent {
inline namespace v0 {
namespace numerics {

/// @brief Every output is a sum whose order depends only on the inner dimension and the instruction-set level. Image i
/// of a batch equals that image alone, with any number of threads and in any regime, bit for bit, for one binary on one
/// level. The default, and so far the only choice.
struct invariant {};

}  // namespace numerics
}  // namespace v0
}  // namespace ardent
