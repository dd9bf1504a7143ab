// SPDX-License-Identifier: Apache-2.0
//
// From one scale's map to the next: what bicubic resizing and means keep, and numbers by hand.
#include "common/network/resize.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

namespace {

using namespace examples;

float weight(std::vector<float> const& w, int from, int i, int p) { return w[static_cast<std::size_t>(i * from + p)]; }

}  // namespace

TEST_CASE("resize: a constant map stays constant, of any sides") {
  for (int const from : {1, 2, 3, 4, 5, 8, 13, 16})
    for (int const to : {1, 2, 3, 4, 5, 8, 13, 16, 32}) {
      std::vector<float> const w = resize_weights(from, to), x(static_cast<std::size_t>(from * from * 3), 2.5f);
      std::vector<float> between(static_cast<std::size_t>(to * from * 3)), y(static_cast<std::size_t>(to * to * 3));
      resize(w, from, to, 3, x.data(), between.data(), y.data());
      for (float const v : y) CHECK(v == doctest::Approx(2.5).epsilon(1e-6));
    }
}

TEST_CASE("resize: the middle size is copied, and means are over whole places") {
  std::vector<float> const same = resize_weights(16, 16), half = resize_weights(16, 8), odd = resize_weights(16, 3);
  for (int i = 0; i < 16; ++i)
    for (int p = 0; p < 16; ++p) CHECK(weight(same, 16, i, p) == (i == p ? 1.0f : 0.0f));
  for (int i = 0; i < 8; ++i)
    for (int p = 0; p < 16; ++p) CHECK(weight(half, 16, i, p) == (p / 2 == i ? 0.5f : 0.0f));
  // 16 / 3: places 0 to 5, 5 to 10 and 10 to 15, which share one
  for (int p = 0; p < 16; ++p) CHECK(weight(odd, 16, 1, p) == doctest::Approx(p >= 5 && p <= 10 ? 1.0 / 6 : 0));
  CHECK(weight(odd, 16, 0, 5) == doctest::Approx(1.0 / 6));
}

TEST_CASE("resize: bicubic weights by hand, with clamped borders") {
  // from 8 to 16, place 5 of 16 is at 2.25: t = 0.25
  std::vector<float> const w = resize_weights(8, 16);
  CHECK(weight(w, 8, 5, 1) == doctest::Approx(-0.10546875));
  CHECK(weight(w, 8, 5, 2) == doctest::Approx(0.87890625));
  CHECK(weight(w, 8, 5, 3) == doctest::Approx(0.26171875));
  CHECK(weight(w, 8, 5, 4) == doctest::Approx(-0.03515625));
  // place 0 is at -0.25: samples -2, -1, 0 are all the first
  CHECK(weight(w, 8, 0, 0) == doctest::Approx(-0.03515625 + 0.26171875 + 0.87890625));
  CHECK(weight(w, 8, 0, 1) == doctest::Approx(-0.10546875));
}

TEST_CASE("resize: rows and columns are told apart") {
  std::vector<float> const w = resize_weights(2, 2), x{1, 10, 2, 20, 3, 30, 4, 40};
  std::vector<float> between(8), y(8);
  resize(w, 2, 2, 2, x.data(), between.data(), y.data());
  for (int c = 0; c < 2; ++c) {
    CHECK(y[static_cast<std::size_t>(2 + c)] > y[static_cast<std::size_t>(c)]);      // along a row
    CHECK(y[static_cast<std::size_t>(4 + c)] > y[static_cast<std::size_t>(2 + c)]);  // and down by more
    CHECK(y[static_cast<std::size_t>(c)] + y[static_cast<std::size_t>(6 + c)] ==
          doctest::Approx(5 * (c == 0 ? 1 : 10)));
  }
}
