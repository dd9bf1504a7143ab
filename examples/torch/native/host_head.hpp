// SPDX-License-Identifier: Apache-2.0
//
// A head on the host.
#pragma once

#include <ardent/denoiser/adaln_shape.hpp>

#include <memory>
#include <string>

#include "call.hpp"

namespace ardent_torch {

/// @brief A packed head in the host's memory, and the threads that draw with it. Calls take turns.
class host_head {
 public:
  virtual ~host_head() = default;
  /// @brief Draws a call's tokens.
  /// @throws std::invalid_argument if a number is out of its range
  virtual void sample(call const& what) = 0;
};

/// @brief Packs a head, whose weights may go afterwards.
/// @param storage  float32 or bfloat16: how the weights of modulations and residual blocks are kept
/// @param threads  at least 1
/// @throws std::invalid_argument if `storage` is another
std::unique_ptr<host_head> make_host_head(std::string const& storage, ardent::adaln_shape<> const& shape,
                                          ardent::adaln_weights const& weights, int threads);

}  // namespace ardent_torch
