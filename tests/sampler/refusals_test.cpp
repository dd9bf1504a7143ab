// SPDX-License-Identifier: Apache-2.0
//
// What a sampler made at run time refuses: annealings that rise without saying so, orders above the number of steps,
// and orderings that do not draw every token. And edges that it accepts.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <stdexcept>
#include <type_traits>
#include <vector>

#include "sampler/rows.hpp"

namespace {

namespace annealing = ardent::annealing;
namespace ordering = ardent::ordering;
using table = annealing::table<ardent::dynamic>;

struct growing {
  int first;
  int steps(int ar_step, int) const { return first + ar_step; }
};

struct willing : growing {
  static constexpr bool may_rise = true;
};

// An annealing whose number is known at run time only, with a range.
struct at_most_ten {
  int number;
  int steps(int, int) const { return number; }
  void validate() const {
    if (number > 10) throw std::invalid_argument("at_most_ten: expected 1 to 10 steps");
  }
};

// Says of its rows what their coefficients do not keep.
struct false_promises {
  static constexpr int slots = 1, history = 1;
  static constexpr bool reads_variance = false, stochastic = false, keeps_state = true;
  static constexpr ardent::prediction native(ardent::prediction from) { return from; }
  double factor;         // of x
  double of_x;           // in the conversion
  double of_output = 1;  // there
  ardent::row<double> row(ardent::node const* nodes, int, int k, ardent::prediction from) const {
    auto r = ardent::start_row(nodes[k], from, from);
    r.slot[0][0] = factor;
    r.of_x = of_x;
    r.of_output = of_output;
    return r;
  }
};

// Draws what it is told.
struct given_counts {
  static constexpr bool permuted = false;
  std::vector<int> tokens;
  int sequence_length() const { return 10; }
  int ar_steps() const { return static_cast<int>(tokens.size()); }
  void fill(ardent::ar_counts* out) const {
    for (std::size_t i = 0; i < tokens.size(); ++i) out[i] = {tokens[i], 0};
  }
};

}  // namespace

TEST_CASE("sampler: an annealing that rises without saying so is refused") {
  CHECK_THROWS_WITH_AS(ardent::make_sampler(ordering::raster(8, 4), table({9, 5, 6, 3})),
                       "ardent::sampler: expected at most 5 denoising steps at AR step 2 as at the one before "
                       "(annealing::rising lifts this), found 6",
                       std::invalid_argument);
  CHECK_THROWS_AS(ardent::make_sampler(ordering::raster(8, 4), growing{3}), std::invalid_argument);
  auto const risen = ardent::make_sampler(ordering::raster(8, 4), annealing::rising(table({9, 5, 6, 3})));
  CHECK(risen.effective_steps(2) == 6);
  CHECK(ardent::make_sampler(ordering::raster(8, 4), willing{{3}}).effective_steps(3) == 6);
  CHECK(ardent::make_sampler(ordering::raster(8, 4), annealing::rising(growing{3})).effective_steps(3) == 6);
}

TEST_CASE("sampler: what a policy says of its own numbers is asked for at run time, too") {
  CHECK(ardent::make_sampler(ordering::raster(8, 4), at_most_ten{10}).nfe() == 40);
  CHECK_THROWS_WITH_AS(ardent::make_sampler(ordering::raster(8, 4), at_most_ten{11}),
                       "at_most_ten: expected 1 to 10 steps", std::invalid_argument);
}

TEST_CASE("sampler: a number that is given at run time has no default") {
  static_assert(!std::is_default_constructible_v<ardent::guidance::constant<>>);
  static_assert(!std::is_default_constructible_v<annealing::linear<50, ardent::dynamic>>);
  static_assert(std::is_default_constructible_v<annealing::linear<50, 5>>);
  ardent::sampler<ordering::raster<8, 4>, annealing::constant<ardent::dynamic>> const given({}, annealing::constant(7));
  CHECK(given.nfe() == 28);
}

TEST_CASE("sampler: rows that are not what the solver says of them are refused") {
  auto const make = [](false_promises solver) { ardent::make_sampler(ordering::raster(4, 1), solver); };
  CHECK_NOTHROW(make({1, 0}));
  CHECK_THROWS_WITH_AS(make({0.5, 0}),
                       "ardent::sampler: expected a coefficient of 1 for x of a solver with keeps_state = true, found "
                       "another in row 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(make({1, 0.5}),
                       "ardent::sampler: expected rows that take the output as it is, as the solver's native() says, "
                       "found a conversion in row 0",
                       std::invalid_argument);
  CHECK_THROWS_AS(make({1, 0, 2}), std::invalid_argument);
}

TEST_CASE("annealing::rising: the same numbers, and the same check of a table's length") {
  using counts = annealing::table<3, 9, 4>;
  for (int i = 0; i < 3; ++i) CHECK(annealing::rising<counts>().steps(i, 3) == counts().steps(i, 3));
  // the bounds' own check is the same, too: no annealing of this kind rises, in or out of it
  CHECK_THROWS_AS(annealing::rising(annealing::linear(5, 50)), std::invalid_argument);
  static_assert(ardent::is_static<annealing::rising<counts>> && annealing::rising<counts>().ar_steps() == 3);
  static_assert(ardent::sampler<ordering::raster<3>, annealing::rising<counts>>::tables_at_compile_time);
  CHECK_THROWS_AS(ardent::make_sampler(ordering::raster(8, 4), annealing::rising(table({1, 2, 3}))),
                  std::invalid_argument);
}

TEST_CASE("sampler: an order above the smallest number of steps is refused") {
  auto const make = [](int least) {
    return ardent::make_sampler(ordering::raster(8, 4), annealing::linear(10, least),
                                ardent::solver::dpm_solver_pp<3>{});
  };
  CHECK_NOTHROW(make(3));
  CHECK_THROWS_WITH_AS(
      make(2), "ardent::sampler: expected at least 3 denoising steps for this solver's order at AR step 3, found 2",
      std::invalid_argument);
}

TEST_CASE("sampler: an ordering that does not draw every token once is refused") {
  CHECK_NOTHROW(ardent::make_sampler(given_counts{{2, 3, 5}}));
  for (auto const& counts : {std::vector<int>{2, 3, 4}, {2, 3, 6}, {10, 0}, {12, -2}}) {
    CHECK_THROWS_WITH_AS(
        ardent::make_sampler(given_counts{counts}),
        "ardent::sampler: expected an ordering whose AR steps draw at least 1 token each and 10 in all, "
        "found other counts",
        std::invalid_argument);
  }
}

TEST_CASE("sampler: one AR step, one token, one denoising step, equal ends of an annealing") {
  auto const one = ardent::make_sampler(ordering::masked(1, 1), annealing::linear(1, 1), ardent::grid::respaced{});
  CHECK(one.ar_steps() == 1);
  CHECK(one.tokens(0) == 1);
  CHECK(one.nfe() == 1);
  CHECK(one.rows(0)[0].timestep == 999);
  auto const program = [](auto const& how) {
    return test::program_of(ardent::make_sampler(ordering::masked(16, 5), how, ardent::solver::ddpm<>{}));
  };
  auto const constant = program(annealing::constant(13));
  test::check_same_bits(program(annealing::two_stage(13, 13)), constant);
  test::check_same_bits(program(annealing::linear(13, 13)), constant);
  test::check_same_bits(program(annealing::cosine(13, 13)), constant);
}
