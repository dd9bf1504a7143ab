// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Runs kernels on the CPU, on threads of the standard library.

#include <ardent/detail/thread_pool.hpp>
#include <ardent/executor/basic_host.hpp>

namespace ardent {
inline namespace v0 {
namespace executor {

/// @brief The host executor on std::thread; the threads live as long as it.
using host = basic_host<detail::thread_pool>;

}  // namespace executor
}  // namespace v0
}  // namespace ardent
