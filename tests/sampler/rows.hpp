// SPDX-License-Identifier: Apache-2.0
//
// Comparing the programs of two samplers number by number.
#pragma once

#include <doctest/doctest.h>

#include <ardent/sampler.hpp>

#include <bit>
#include <cstdint>
#include <vector>

namespace test {

/// @brief All numbers of a row, as doubles.
template <class T, int Slots, int History, ardent::row_parts Parts>
std::vector<double> numbers_of(ardent::row<T, Slots, History, Parts> const& row) {
  std::vector<double> out = {row.timestep, row.guided ? 1.0 : 0.0, row.alpha, row.sigma,
                             row.of_x,     row.of_output,          row.noise};
  for (int i = 0; i < Slots; ++i) {
    for (int j = 0; j < Slots; ++j) out.push_back(row.slot[i][j]);
    for (int j = 0; j < History; ++j) out.push_back(row.model[i][j]);
  }
  if constexpr (Parts.learned_variance) out.insert(out.end(), {row.half_log_variance_min, row.half_log_variance_max});
  if constexpr (Parts.clipped_x0) out.insert(out.end(), {row.x0_of_x, row.x0_of_output, row.m_of_x, row.m_of_x0});
  return out;
}

/// @brief All numbers of a sampler's program: for each AR step the counts, then the rows.
template <class Sampler>
std::vector<double> program_of(Sampler const& sampler) {
  std::vector<double> out;
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    out.push_back(sampler.tokens(i));
    out.push_back(sampler.effective_steps(i));
    for (auto const& row : sampler.rows(i)) {
      auto const numbers = numbers_of(row);
      out.insert(out.end(), numbers.begin(), numbers.end());
    }
  }
  return out;
}

/// @brief Checks that two programs are the same bits.
inline void check_same_bits(std::vector<double> const& a, std::vector<double> const& b) {
  REQUIRE(!a.empty());
  REQUIRE(a.size() == b.size());
  std::size_t differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(a[i]) != std::bit_cast<std::uint64_t>(b[i])) ++differ;
  }
  CHECK(differ == 0);
}

}  // namespace test
