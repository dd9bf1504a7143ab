// SPDX-License-Identifier: Apache-2.0
//
// Guidance scales over the AR steps: the recorded ones to the last bit.
#include <doctest/doctest.h>

#include <ardent/guidance/constant.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/guidance/none.hpp>
#include <ardent/ordering/masked.hpp>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "process/schedules.hpp"

namespace guidance = ardent::guidance;

TEST_CASE("guidance: the recorded scales") {
  for (test::schedule const& recorded : test::schedules("mar_ordering")) {
    int const length = recorded.count("seq_len"), ar_steps = recorded.count("num_iter");
    double const cfg = recorded.value("cfg");
    std::vector<ardent::ar_counts> counts(static_cast<std::size_t>(ar_steps));
    ardent::ordering::masked(length, ar_steps).fill(counts.data());
    for (int s = 0; s < ar_steps; ++s) {
      auto const i = static_cast<std::size_t>(s);
      ardent::ar_progress const progress{s, ar_steps, counts[i].unknown_after, length};
      INFO("L = " << length << ", n = " << ar_steps << ", step " << s);
      CHECK(guidance::linear(cfg).scale(progress) == recorded.list("cfg_iter_linear")[i]);
      CHECK(guidance::constant(cfg).scale(progress) == recorded.list("cfg_iter_constant")[i]);
      CHECK(guidance::none().scale(progress) == 1);
    }
  }
}

TEST_CASE("guidance: linear rises from 1 to just below its scale") {
  guidance::linear<4> const g;
  CHECK(g.scale({0, 64, 256, 256}) == 1);
  CHECK(g.scale({63, 64, 1, 256}) == doctest::Approx(1 + 3.0 * 255 / 256));
  CHECK(g.scale({63, 64, 0, 256}) == 4);
  double before = 0;
  for (int unknown = 256; unknown >= 0; --unknown) {
    double const here = g.scale({0, 64, unknown, 256});
    CHECK(here > before);
    before = here;
  }
  // below 1 it falls
  CHECK(guidance::linear(0).scale({63, 64, 0, 256}) == 0);
}

TEST_CASE("guidance: static and dynamic scales are one policy") {
  for (int unknown = 0; unknown <= 49; ++unknown) {
    ardent::ar_progress const progress{0, 12, unknown, 49};
    CHECK(guidance::linear<2.9>().scale(progress) == guidance::linear(2.9).scale(progress));
    CHECK(guidance::constant<2.9>().scale(progress) == guidance::constant(2.9).scale(progress));
  }
  static_assert(guidance::linear<2.9>().scale({0, 1, 0, 7}) == static_cast<double>(1.0f + 1.9f * 7.0f / 7.0f));
  static_assert(std::is_empty_v<guidance::constant<2.9>>);
  static_assert(guidance::linear<>::guided && guidance::constant<>::guided && !guidance::none::guided);
  static_assert(ardent::guidance_policy<guidance::linear<>> && ardent::guidance_policy<guidance::none>);
}

TEST_CASE("guidance: scales outside [0, 1e6] are refused") {
  CHECK_THROWS_WITH_AS(guidance::linear(-1),
                       "ardent::guidance::linear: guidance_scale must be in [0, 1e6], found -1.000000",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(guidance::constant(2e6),
                       "ardent::guidance::constant: guidance_scale must be in [0, 1e6], found 2000000.000000",
                       std::invalid_argument);
  CHECK_THROWS_AS(guidance::constant(std::nan("")), std::invalid_argument);
  CHECK_NOTHROW(guidance::constant(0));
  CHECK_NOTHROW(guidance::constant(1e6));
}
