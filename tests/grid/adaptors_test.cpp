// SPDX-License-Identifier: Apache-2.0
//
// Adaptors of grids hand on what their grid says of itself: where it ends, how few steps it can make, whether its last
// node has noise, whether its ends are its own. And ends without a log-SNR are refused, however they are wrapped.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace grid = ardent::grid;
namespace process = ardent::process;
using ardent::dynamic;

// What a sampler of a policy made at run time is refused with; nothing if it is not.
template <class Process, class Grid, class... Policies>
std::string refusal(Process const& p, Grid const& g, int steps, Policies const&... policies) {
  try {
    ardent::make_sampler(ardent::ordering::raster<1>{}, ardent::annealing::constant(steps), p, g,
                         ardent::predicts<ardent::prediction::velocity>{}, policies...);
  } catch (std::invalid_argument const& e) {
    return e.what();
  }
  return "";
}

bool says(std::string const& message, std::string const& part) { return message.find(part) != std::string::npos; }

// Where a grid of 4 of 100 training steps ends.
template <class Grid>
double end_of(Grid const& g) {
  process::cosine const p(100);
  std::vector<double> table(100);
  p.fill_table(table.data());
  std::vector<int> scratch(32);
  std::vector<ardent::node> nodes(32);
  int const count = ardent::detail::fill_nodes(g, p, table.data(), 4, scratch.data(), nodes.data());
  return nodes[static_cast<std::size_t>(count)].sigma;
}

// Ends between training steps.
struct own_end {
  constexpr void timesteps(int steps, int, int* out) const {
    for (int i = 0; i < steps; ++i) out[i] = 10 + 2 * i;
  }
  template <ardent::discrete_process P>
  constexpr ardent::node end(P const& p, double const* table) const {
    return p.at(table, 3);
  }
};

// Wrapped once, and each of these in each once more.
template <class Grid, class Check>
void each_adaptor(Check const& check) {
  check(grid::clip<Grid, 95>{});
  check(grid::clip<Grid, dynamic>(95));
  check(grid::without_first<Grid>{});
  check(grid::every_other<Grid>{});
}

template <class Grid>
void check_end(double expected) {
  CHECK(end_of(Grid{}) == expected);
  each_adaptor<Grid>([&]<class Once>(Once const& once) {
    CHECK(end_of(once) == expected);
    if constexpr (ardent::is_static<Once>)
      each_adaptor<Once>([&]<class Twice>(Twice const& twice) {
        CHECK(end_of(twice) == expected);
        if constexpr (ardent::is_static<Twice>)
          each_adaptor<Twice>([&](auto const& thrice) { CHECK(end_of(thrice) == expected); });
      });
  });
}

double sigma_at(int step) {
  process::cosine const p(100);
  std::vector<double> table(100);
  p.fill_table(table.data());
  return p.at(table.data(), step).sigma;
}

// Makes no fewer than five steps, between the process's ends.
struct five_at_least : grid::time_uniform {
  static constexpr int least_steps = 5;
};

template <class Grid>
inline constexpr int least = ardent::detail::least_steps<Grid>();
template <class Grid>
inline constexpr bool fixed = ardent::detail::fixed_ends<Grid>();
template <class Grid>
inline constexpr bool clean = ardent::detail::ends_clean<Grid>();
template <class Grid>
inline constexpr bool cuts = ardent::detail::cuts_clean_end<Grid>();

}  // namespace

TEST_CASE("adaptors: a trajectory ends where the grid says that it does, whatever is around it") {
  CHECK(sigma_at(0) > 0);
  check_end<own_end>(sigma_at(3));
  check_end<grid::end_at_first<grid::leading<1>>>(sigma_at(0));
  check_end<grid::trailing>(0);                                                 // and noiseless if it says nothing
  CHECK(end_of(grid::end_at_first<grid::clip<own_end, 95>>{}) == sigma_at(0));  // the outermost has the last word
}

TEST_CASE("adaptors: the fewest steps are the grid's") {
  using g = five_at_least;
  static_assert(least<grid::time_uniform> == 1 && least<grid::subdivided<grid::time_uniform, 3>> == 1);
  static_assert(least<grid::between<g, 0.9, 0.1>> == 5 && least<grid::flow_shift<g, 3>> == 5);
  static_assert(least<grid::to_clean<g>> == 6 && least<grid::to_clean<grid::time_uniform>> == 1);
  static_assert(least<grid::every_other<g>> == 3 && least<grid::every_other<g, 5>> == 1);
  static_assert(least<grid::subdivided<g, 3>> == 15 && least<grid::flow_shift<grid::flowar, 3>> == 2);
  CHECK(says(refusal(process::flow_linear{}, grid::flow_shift(grid::flowar{}, 3), 1), "expected at least 2 denoising"));
  CHECK(refusal(process::flow_linear{}, grid::flow_shift(grid::flowar{}, 3), 2).empty());
}

TEST_CASE("adaptors: ends of a grid's own stay its own") {
  static_assert(fixed<grid::flowar> && fixed<grid::xar<>> && fixed<grid::times>);
  static_assert(fixed<grid::between<grid::time_uniform, 0.9, 0.1>>);
  static_assert(!fixed<grid::time_uniform> && !fixed<grid::flow_shift<grid::karras<>, 3>>);
  static_assert(fixed<grid::flow_shift<grid::xar<>, 3>> && fixed<grid::every_other<grid::times>>);
  static_assert(fixed<grid::to_clean<grid::times>> && fixed<grid::subdivided<grid::times, 2>>);
}

TEST_CASE("adaptors: a clean end is known under all of them") {
  using g = grid::to_clean<grid::time_uniform>;
  static_assert(clean<g> && clean<grid::flow_shift<g, 3>> && clean<grid::every_other<g>>);
  static_assert(clean<grid::between<g, 0.9, 0.1>> && clean<grid::flow_shift<grid::between<g, 0.9, 0.1>, 3>>);
  static_assert(!clean<grid::time_uniform> && !clean<grid::flow_shift<grid::time_uniform, 3>>);
  static_assert(cuts<grid::subdivided<g, 2>> && cuts<grid::subdivided<grid::every_other<g>, 3>>);
  static_assert(cuts<grid::between<grid::subdivided<g, 2>, 0.9, 0.1>> && !cuts<g>);
  static_assert(!cuts<grid::subdivided<grid::time_uniform, 2>>);
}

TEST_CASE("grid::between: the inner nodes of what it bounds are still there") {
  auto const made = [](auto const& g) {
    auto const sampler = ardent::make_sampler(ardent::ordering::raster<1>{}, ardent::annealing::constant(6), g,
                                              process::flow_linear{}, ardent::solver::singlestep_2{});
    std::vector<double> times;
    for (auto const& row : sampler.rows(0)) times.push_back(row.timestep);
    return times;
  };
  using even = grid::time_uniform;
  CHECK(made(grid::between<grid::subdivided<even, 2>, 0.9, 0.1>{}) ==
        made(grid::subdivided<grid::between<even, 0.9, 0.1>, 2>{}));
}

TEST_CASE("grids in log-SNR: an end without noise is refused on every flow, wrapped or not") {
  auto const check = [](auto const& p) {
    auto const clean_end = [&](auto const& g, char const* name) {
      for (int const steps : {2, 10}) {
        std::string const found = refusal(p, g, steps);
        INFO(found);
        CHECK(says(found, "ardent::grid::" + std::string(name) + ": expected noise at time 0.000000"));
        CHECK(says(found, "End at a time with noise, above 0, with grid::between."));
      }
    };
    clean_end(grid::between(grid::logsnr_uniform{}, 0.98, 0), "logsnr_uniform");
    clean_end(grid::between(grid::karras(7), 0.98, 0), "karras");
    clean_end(grid::flow_shift(grid::between(grid::karras(7), 0.98, 0), 3), "karras");
    clean_end(grid::every_other(grid::between(grid::logsnr_uniform{}, 0.98, 0)), "logsnr_uniform");
    CHECK(refusal(p, grid::between(grid::logsnr_uniform{}, 0.98, 1e-3), 10).empty());
    CHECK(refusal(p, grid::to_clean(grid::between(grid::karras(7), 0.98, 1e-3)), 10).empty());
  };
  check(process::flow_linear{});
  check(process::flow_cosine{});
}

TEST_CASE("grid::subdivided: a step to a clean end is refused, by whatever name the end is reached") {
  ardent::solver::singlestep_2 const solver;
  auto const sentence = "ardent::grid::subdivided: expected noise at time 0.000000";
  auto const found = [&](auto const& g) { return refusal(process::flow_linear{}, g, 6, solver); };
  using even = grid::between<grid::time_uniform, dynamic, dynamic>;
  CHECK(says(found(grid::subdivided<even, 2>(even(0.98, 0))), sentence));
  CHECK(says(found(grid::subdivided<grid::every_other<even>, 2>(grid::every_other<even>(even(0.98, 0)))), sentence));
  CHECK(says(found(grid::subdivided<grid::times, 2>(grid::times({0.9, 0.5, 0.2, 0}))), sentence));
  CHECK(found(grid::subdivided<even, 2>(even(0.98, 0.001))).empty());
}

TEST_CASE("grids in log-SNR: an end in pure noise is refused") {
  for (int const steps : {2, 10}) {
    std::string const found = refusal(process::flow_linear{}, grid::between(grid::logsnr_uniform{}, 1, 0.01), steps);
    CHECK(found ==
          "ardent::grid::logsnr_uniform: expected signal at time 1.000000, for log(alpha / sigma) is infinite without. "
          "Start at less noise with grid::between.");
  }
}

TEST_CASE("half_logsnr: nodes without signal or noise are refused") {
  CHECK_THROWS_WITH_AS(ardent::half_logsnr(ardent::clean_node),
                       "ardent::half_logsnr: expected alpha and sigma above 0, found 1.000000 and 0.000000, where "
                       "log(alpha / sigma) is infinite. Use a node with signal and noise.",
                       std::invalid_argument);
  CHECK_THROWS_AS(ardent::half_logsnr(process::flow_linear{}.at(nullptr, 1)), std::invalid_argument);
  CHECK_THROWS_AS(ardent::half_logsnr(process::flow_linear{}.at(nullptr, 1e-310)), std::invalid_argument);
  CHECK(ardent::half_logsnr(process::flow_linear{}.at(nullptr, 0.5)) == 0);
}
