// SPDX-License-Identifier: Apache-2.0
//
// What a sampler costs, counted by hand, and the mistakes it refuses when it is made at run time.
#include <doctest/doctest.h>

#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <vector>

#include "process/schedules.hpp"

namespace {

using ardent::dynamic;
namespace annealing = ardent::annealing;
namespace grid = ardent::grid;
namespace ordering = ardent::ordering;
namespace process = ardent::process;

}  // namespace

TEST_CASE("sampler: evaluations counted by hand") {
  // raster: 7 tokens in 3 AR steps are 2, 2 and 3; 27 and 50 requested steps are 26 and 48
  auto const check = [](auto const& s) {
    CHECK(s.sequence_length() == 7);
    CHECK(s.ar_steps() == 3);
    int const tokens[] = {2, 2, 3}, requested[] = {50, 27, 5}, effective[] = {48, 26, 5};
    for (int i = 0; i < 3; ++i) {
      CHECK(s.tokens(i) == tokens[i]);
      CHECK(s.requested_steps(i) == requested[i]);
      CHECK(s.effective_steps(i) == effective[i]);
      CHECK(s.rows(i).size() == static_cast<std::size_t>(effective[i]));
    }
    CHECK(s.most_tokens() == 3);
    CHECK(s.nfe() == 48 + 26 + 5);
    CHECK(s.token_nfe() == 2 * 48 + 2 * 26 + 3 * 5);
  };
  check(ardent::sampler<ordering::raster<7, 3>, annealing::table<50, 27, 5>>());
  check(ardent::make_sampler(ordering::raster(7, 3), annealing::table<dynamic>({50, 27, 5})));
  constexpr ardent::sampler<ordering::raster<7, 3>, annealing::table<50, 27, 5>> constant;
  static_assert(constant.nfe() == 79 && constant.token_nfe() == 163 && constant.most_tokens() == 3);
}

TEST_CASE("sampler: rows stand at the recorded timesteps, noisiest first") {
  for (test::schedule const& recorded : test::schedules("respaced")) {
    auto const s = ardent::make_sampler(ordering::raster<1>(), annealing::constant(recorded.count("K")),
                                        grid::clip<grid::respaced, dynamic>(recorded.count("clip_timesteps")));
    std::vector<int> found;
    for (auto const& row : s.rows(0)) found.insert(found.begin(), static_cast<int>(row.timestep));
    INFO("K = " << recorded.count("K"));
    CHECK(found == recorded.whole("timestep_map"));
    CHECK(s.effective_steps(0) == recorded.count("effective_steps"));
  }
}

TEST_CASE("sampler: AR steps with equal step counts share their rows") {
  auto const check = [](auto const& s) {
    CHECK(s.rows(0).data() == s.rows(2).data());
    CHECK(s.rows(0).data() != s.rows(1).data());
  };
  check(ardent::sampler<ordering::raster<3>, annealing::rising<annealing::table<9, 8, 9>>>());
  check(ardent::make_sampler(ordering::raster<3>(), annealing::rising(annealing::table<dynamic>({9, 8, 9}))));
}

TEST_CASE("sampler: the guidance scale of each AR step is the recorded one") {
  for (test::schedule const& recorded : test::schedules("mar_ordering")) {
    auto const s = ardent::make_sampler(ordering::masked(recorded.count("seq_len"), recorded.count("num_iter")),
                                        annealing::constant(2), ardent::guidance::linear(recorded.value("cfg")));
    for (int i = 0; i < s.ar_steps(); ++i) {
      CHECK(s.guidance_scale(i) == recorded.list("cfg_iter_linear")[static_cast<std::size_t>(i)]);
    }
  }
  CHECK(ardent::sampler<ordering::masked<16, 4>>().guidance_scale(3) == 1);
}

TEST_CASE("sampler: copies are independent and equal") {
  auto made = ardent::make_sampler(ordering::raster(4, 2), annealing::constant(5));
  auto const copy = made;
  made = ardent::make_sampler(ordering::raster(6, 3), annealing::constant(7));
  CHECK(copy.effective_steps(0) == 5);
  CHECK(copy.ar_steps() == 2);
  CHECK(made.effective_steps(0) == 7);
  CHECK(made.ar_steps() == 3);
}

TEST_CASE("sampler: more denoising steps than training steps are refused") {
  CHECK_THROWS_WITH_AS(ardent::make_sampler(ordering::raster(4, 2), annealing::table<dynamic>({5, 1001})),
                       "ardent::sampler: expected 1 to 1000 denoising steps (no more than there are training steps) at "
                       "AR step 1, found 1001",
                       std::invalid_argument);
  CHECK_THROWS_AS(ardent::make_sampler(ordering::raster(4, 2), annealing::constant(51), process::cosine(50)),
                  std::invalid_argument);
  CHECK_NOTHROW(ardent::make_sampler(ordering::raster(4, 2), annealing::constant(50), process::cosine(50)));
}

TEST_CASE("sampler: an annealing that asks for no step is refused") {
  struct lazy {
    int given;
    int steps(int ar_step, int) const { return given - ar_step; }
  };
  CHECK_THROWS_WITH_AS(ardent::make_sampler(ordering::raster(4, 3), lazy{2}),
                       "ardent::sampler: expected 1 to 1000 denoising steps (no more than there are training steps) at "
                       "AR step 2, found 0",
                       std::invalid_argument);
}

TEST_CASE("sampler: a table of another length than the AR steps is refused") {
  for (auto const& table : {std::vector<int>{5, 5, 5}, std::vector<int>{5, 5, 5, 5, 5}}) {
    CHECK_THROWS_WITH_AS(ardent::make_sampler(ordering::raster(8, 4), annealing::table<dynamic>(table)),
                         ("ardent::sampler: expected an annealing table with one entry for each of 4 AR steps, found " +
                          std::to_string(table.size()))
                             .c_str(),
                         std::invalid_argument);
  }
  CHECK_THROWS_AS(ardent::make_sampler(ordering::raster(8, 4), annealing::table<5, 5, 5>()), std::invalid_argument);
}
