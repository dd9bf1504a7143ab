// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out in the middle of a generation, at every place where it takes some.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <vector>

#include "generate/counted_new.hpp"

namespace test {

/// @brief Runs `draw(tokens)` with allocation after allocation failing, alone and then with all that follow: it throws
/// std::bad_alloc, nothing leaks, and the next generation draws the right bits.
/// @param floats  of tokens
/// @param draw    void(std::vector<float>&), the same tokens each time
/// @param partly  tokens may be written when it fails: the model's own memory ran out
template <class Draw>
void check_every_allocation(std::size_t floats, Draw const& draw, bool partly) {
  constexpr float untouched = 7.0f;
  std::vector<float> expected(floats), tokens(floats);
  draw(expected);
  draw(tokens);  // whatever is made once is made now
  REQUIRE(tokens == expected);
  for (bool const for_good : {false, true}) {
    long failures = 0, leaks = 0, written = 0, swallowed = 0, wrong = 0;
    for (bool more = true; more;) {
      std::fill(tokens.begin(), tokens.end(), untouched);
      long const before = outstanding();
      bool threw = false;
      {
        failing_allocation const failing(failures, for_good);
        try {
          draw(tokens);
        } catch (std::bad_alloc const&) {
          threw = true;
        }
        more = failing.failed();
      }
      leaks += outstanding() != before ? 1 : 0;
      swallowed += more && !threw ? 1 : 0;
      bool const clean = std::all_of(tokens.begin(), tokens.end(), [](float x) { return x == untouched; });
      written += threw && !clean ? 1 : 0;
      std::fill(tokens.begin(), tokens.end(), untouched);
      draw(tokens);
      wrong += tokens != expected ? 1 : 0;
      failures += more ? 1 : 0;
    }
    INFO(failures << " allocations failed, each" << std::string(for_good ? " with all that followed" : " alone"));
    CHECK(failures >= 5);
    CHECK(leaks == 0);
    CHECK(swallowed == 0);
    CHECK(wrong == 0);
    if (!partly) CHECK(written == 0);
  }
}

}  // namespace test
