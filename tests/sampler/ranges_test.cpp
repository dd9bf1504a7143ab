// SPDX-License-Identifier: Apache-2.0
//
// Numbers out of range: every policy refuses them at run time when it is made, and knows them among its template
// arguments too. And trajectories from pure noise that no finite row describes.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace ardent;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class P>
inline constexpr bool fits = detail::in_range<P>;

}  // namespace

TEST_CASE("policies: numbers out of range are known among template arguments") {
  static_assert(fits<process::linear_between<>> && !fits<process::linear_between<1, 0.1, 0.2>>);
  static_assert(!fits<process::linear_between<100, 0.0, 0.2>> && !fits<process::linear_between<100, 0.1, 1.0>>);
  static_assert(fits<process::scaled_linear<>> && !fits<process::scaled_linear<100, -0.1, 0.2>>);
  static_assert(fits<process::sigmoid<>> && !fits<process::sigmoid<100001>>);
  static_assert(fits<process::cosine<>> && !fits<process::cosine<0>>);
  static_assert(fits<process::linear_continuous<>> && !fits<process::linear_continuous<20.0, 0.1>>);
  static_assert(fits<process::linear_continuous<0.1, 1399.9>> && !fits<process::linear_continuous<0.1, 1400.0>>);
  static_assert(!fits<process::zero_terminal_snr<process::sigmoid<100, 0.1, 2.0>>>);
  static_assert(!fits<process::piecewise_log_alpha<process::sigmoid<100, 0.1, 2.0>, 50>>);
  static_assert(fits<annealing::linear<50, 5>> && fits<annealing::linear<5, 5>> && !fits<annealing::linear<5, 50>>);
  static_assert(fits<annealing::cosine<5, 1>> && !fits<annealing::cosine<5, 0>> && !fits<annealing::flowar<-1, -2>>);
  static_assert(!fits<annealing::two_stage<1, 2>> && !fits<annealing::xar<1, 2>>);
  static_assert(fits<annealing::rising<annealing::table<5, 50>>> && !fits<annealing::rising<annealing::linear<5, 50>>>);
  static_assert(fits<grid::leading<1>> && !fits<grid::leading<-1>>);
  static_assert(fits<grid::clip<grid::respaced, 0>> && !fits<grid::clip<grid::respaced, -1>>);
  static_assert(!fits<grid::clip<grid::leading<-1>, 950>> && !fits<grid::without_first<grid::leading<-1>>>);
  static_assert(fits<grid::between<grid::time_uniform, 0.9, 0.1>>);
  static_assert(!fits<grid::between<grid::time_uniform, 0.1, 0.9>>);
  static_assert(fits<grid::flow_shift<grid::time_uniform, 3.0>> && !fits<grid::flow_shift<grid::time_uniform, 0.0>>);
  static_assert(fits<grid::xar<>> && !fits<grid::xar<1.0>>);
  static_assert(fits<grid::karras<>> && !fits<grid::karras<-7.0>> && !fits<grid::to_clean<grid::karras<-7.0>>>);
  static_assert(!fits<grid::subdivided<grid::karras<not_a_number>, 2>>);
  static_assert(fits<guidance::constant<0>> && !fits<guidance::constant<-1>> &&
                !fits<guidance::constant<not_a_number>>);
  static_assert(fits<guidance::linear<3>> && !fits<guidance::linear<2e6>>);
  static_assert(fits<guidance::cosine<3>> && !fits<guidance::cosine<-3>>);
  static_assert(fits<guidance::power<3, 0.5>> && !fits<guidance::power<3, 0>> && !fits<guidance::power<-3, 1>>);
  static_assert(fits<guidance::interval<guidance::constant<3>, 0.1, 0.7>>);
  static_assert(!fits<guidance::interval<guidance::constant<3>, 0.7, 0.1>>);
  static_assert(!fits<guidance::interval<guidance::constant<-3>, 0.1, 0.7>>);
  static_assert(!fits<guidance::ignored_as_published<guidance::constant<-3>>>);
  static_assert(fits<temperature::constant<0>> && !fits<temperature::constant<-0.1>>);
  static_assert(fits<temperature::linear<1, 0>> && !fits<temperature::linear<1, not_a_number>>);
  static_assert(fits<clipping::x0<>> && !fits<clipping::x0<1.0, -1.0>>);
  static_assert(fits<solver::ddim<1>> && !fits<solver::ddim<1.01>> && !fits<solver::ddim<-0.5>>);
}

TEST_CASE("policies: numbers out of range are refused when a policy is made") {
  // processes of two betas: process/betas_test.cpp
  CHECK_THROWS_AS(process::cosine(0), std::invalid_argument);
  CHECK_THROWS_WITH_AS(process::linear_continuous(2, 1),
                       "ardent::process::linear_continuous: expected 0 < beta_start < beta_end and a sum of at most "
                       "1400, found 2.000000 and 1.000000",
                       std::invalid_argument);
  CHECK_THROWS_AS(process::linear_continuous(0.1, 2000), std::invalid_argument);
  CHECK_THROWS_AS(process::linear_continuous(0.1, not_a_number), std::invalid_argument);
  CHECK_THROWS_WITH_AS(grid::leading(-2), "ardent::grid::leading: the offset must be at least 0, found -2",
                       std::invalid_argument);
  CHECK_THROWS_AS(grid::clip(grid::leading(1), -1), std::invalid_argument);
  CHECK_THROWS_AS(grid::between(grid::time_uniform{}, 0.1, 0.2), std::invalid_argument);
  CHECK_THROWS_AS(grid::flow_shift(grid::time_uniform{}, not_a_number), std::invalid_argument);
  CHECK_THROWS_AS(grid::xar(0), std::invalid_argument);
  CHECK_THROWS_AS(grid::karras(0), std::invalid_argument);
  CHECK_THROWS_AS(guidance::power(2, -1), std::invalid_argument);
  CHECK_THROWS_AS(guidance::interval(guidance::constant(2), 0.5, 0.4), std::invalid_argument);
  CHECK_THROWS_AS(temperature::linear(1, -1), std::invalid_argument);
  CHECK_THROWS_AS(clipping::x0(1, not_a_number), std::invalid_argument);
  CHECK_THROWS_AS(solver::ddim{not_a_number}, std::invalid_argument);
}

TEST_CASE("sampler: adaptors of grids made at run time are the static ones") {
  auto const rows = [](auto const& g) {
    auto const sampler = make_sampler(ordering::raster<2>{}, annealing::constant<6>{}, process::flow_linear{}, g,
                                      predicts<prediction::velocity>{});
    std::vector<double> times;
    for (auto const& row : sampler.rows(0)) times.push_back(row.timestep);
    return times;
  };
  CHECK(rows(grid::flow_shift(grid::between(grid::time_uniform{}, 0.9, 0.2), 3)) ==
        rows(grid::flow_shift<grid::between<grid::time_uniform, 0.9, 0.2>, 3>{}));
  CHECK(rows(grid::to_clean(grid::between(grid::karras(5), 0.9, 0.2))) ==
        rows(grid::to_clean<grid::between<grid::karras<5>, 0.9, 0.2>>{}));
  CHECK(rows(grid::to_clean(grid::times({1, 0.8, 0.5, 0.2, 0.1, 0.05}))).size() == 6);
}

TEST_CASE("sampler: from pure noise, what has no finite row is refused with a sentence") {
  auto const make = [](auto const&... policies) {
    return make_sampler(ordering::raster<2>{}, annealing::constant(6), policies...);
  };
  std::string const sentence = ": the grid starts in pure noise";
  auto const refusal = [&](auto const&... policies) -> std::string {
    try {
      make(policies...);
    } catch (std::invalid_argument const& e) {
      return e.what();
    }
    return "";
  };
  predicts<prediction::velocity> const velocity;
  CHECK(refusal(process::flow_linear{}, grid::time_uniform{}).find(sentence) != std::string::npos);
  CHECK(refusal(process::zero_terminal_snr(process::scaled_linear{}), grid::respaced{}).find(sentence) !=
        std::string::npos);
  CHECK(refusal(process::flow_linear{}, grid::time_uniform{}, velocity, solver::dpm_solver<2>{}).find(sentence) !=
        std::string::npos);
  CHECK(refusal(process::flow_linear{}, grid::time_uniform{}, velocity).empty());
  CHECK(refusal(process::flow_linear{}, grid::between(grid::time_uniform{}, 0.99, 0.0)).empty());
  CHECK(refusal(process::zero_terminal_snr(process::scaled_linear{}), grid::respaced{}, predicts<prediction::v>{})
            .empty());
}
