// SPDX-License-Identifier: Apache-2.0
#pragma once

// What everything that draws an AR step's tile refuses alike. `where` is what the message names.

#include <ardent/denoiser/denoiser.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace detail {

template <class Sampler>
void check_ar_step(char const* where, Sampler const& sampler, int ar_step) {
  if (ar_step < 0 || ar_step >= sampler.ar_steps())
    throw std::invalid_argument(std::string(where) + ": expected an AR step below " +
                                std::to_string(sampler.ar_steps()) + ", found " + std::to_string(ar_step));
}

inline void check_rows_of_tile(char const* where, tile const& t) {
  if (t.first < 0 || t.first > t.total - t.tokens)
    throw std::invalid_argument(std::string(where) + ": expected a tile within its " + std::to_string(t.total) +
                                " rows, found " + std::to_string(t.tokens) + " rows from row " +
                                std::to_string(t.first) + " on");
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
