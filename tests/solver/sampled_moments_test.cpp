// SPDX-License-Identifier: Apache-2.0
//
// Stochastic solvers on Gaussian data: the moments of 200,000 samples, drawn with the library's own normal numbers,
// agree with the exact recursion of mean and variance through the same table.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <cstdint>
#include <string>

#include "support/table_run.hpp"

namespace {

namespace grid = ardent::grid;
namespace process = ardent::process;
namespace solver = ardent::solver;
using ardent::prediction;
using test::path_shape;

constexpr int samples = 200000;
constexpr test::component data{1, 0.7, 0.4};

ardent::quad normals(ardent::noise_domain domain, int step, int fourth) {
  static ardent::random::philox const random(20240517);
  ardent::noise_key key;
  key.domain = domain;
  key.image = static_cast<std::uint32_t>(fourth);
  key.position = 0;
  key.ar_step = 0;
  key.step = step;
  return random.normal(key, 0);
}

template <class Row>
test::moments sampled(std::vector<Row> const& rows, test::moments start, prediction from, path_shape shape) {
  test::mixture const one{{data}};
  double sum = 0, square = 0;
  for (int i = 0; i < samples / 4; ++i) {
    ardent::quad const first = normals(ardent::noise_domain::start, 0, i);
    std::vector<test::run_state<Row>> states;
    for (float const z : first.value)
      states.emplace_back(start.mean + std::sqrt(start.variance) * static_cast<double>(z));
    for (std::size_t k = 0; k < rows.size(); ++k) {
      Row const& row = rows[k];
      test::level const l{row.alpha, row.sigma};
      ardent::quad noise{};
      if (row.noise != 0) noise = normals(ardent::noise_domain::step, static_cast<int>(k), i);
      for (std::size_t j = 0; j < 4; ++j)
        states[j].apply(row, test::output_of(from, one.at(states[j].x(), l), l, shape),
                        static_cast<double>(noise.value[j]));
    }
    for (auto const& state : states) {
      sum += state.x();
      square += state.x() * state.x();
    }
  }
  double const mean = sum / samples;
  return {mean, square / samples - mean * mean};
}

template <class Solver, class Process, class Grid>
void check(std::string const& name, Solver const& s, Process const& p, Grid const& g, int steps) {
  constexpr bool linear = Process::path == ardent::path_kind::linear_flow;
  constexpr auto from = linear ? prediction::velocity : prediction::epsilon;
  constexpr auto shape = linear ? path_shape::linear : path_shape::variance_preserving;
  auto const nodes = test::nodes_of(p, g, steps);
  auto const rows = test::rows_of(s, nodes, from);
  ardent::node const& first = nodes.front();
  test::moments const start{first.alpha * data.mean,
                            first.alpha * first.alpha * data.deviation * data.deviation + first.sigma * first.sigma};
  auto const expected = test::propagate(rows, data, start, from, shape);
  auto const found = sampled(rows, start, from, shape);
  double const mean_error = std::sqrt(expected.variance / samples);
  double const variance_error = expected.variance * std::sqrt(2.0 / samples);
  INFO(name << ": mean " << expected.mean << " + " << (found.mean - expected.mean) / mean_error
            << " standard errors, variance " << expected.variance << " + "
            << (found.variance - expected.variance) / variance_error << " standard errors");
  CHECK(std::abs(found.mean - expected.mean) < 4 * mean_error);
  CHECK(std::abs(found.variance - expected.variance) < 4 * variance_error);
}

}  // namespace

TEST_CASE("moments of 200,000 samples: training steps and real time") {
  using training_steps = grid::clip<grid::respaced, 950>;
  check("ddpm<fixed_small>", solver::ddpm<ardent::variance::fixed_small>{}, process::cosine<>{}, training_steps{}, 12);
  check("ddpm<fixed_large>", solver::ddpm<ardent::variance::fixed_large>{}, process::linear<>{}, training_steps{}, 12);
  check("ddim<1>", solver::ddim<1>{}, process::cosine<>{}, training_steps{}, 12);
  check("ddim<0.4>", solver::ddim<0.4>{}, process::cosine<>{}, training_steps{}, 12);
  using in_lambda = grid::to_clean<grid::logsnr_uniform>;
  process::linear_continuous<> const continuous;
  check("sde_dpm_solver_pp<1>", solver::sde_dpm_solver_pp<1>{}, continuous, in_lambda{}, 12);
  check("sde_dpm_solver_pp<2>", solver::sde_dpm_solver_pp<2>{}, continuous, in_lambda{}, 12);
  check("sde_dpm_solver_pp<2, heun>", solver::sde_dpm_solver_pp<2, ardent::multistep_form::heun>{}, continuous,
        grid::logsnr_uniform{}, 12);
}

TEST_CASE("moments of 200,000 samples: Euler-Maruyama, to 0.04 and on xAR's full grid") {
  process::flow_linear const flow;
  check("to 0.04", solver::flow_euler_maruyama{}, flow, grid::between<grid::time_uniform, 1, 0.04>{}, 12);
  check("xAR, 15 steps", solver::flow_euler_maruyama{}, flow, grid::xar<>{}, 15);
  check("xAR, 50 steps", solver::flow_euler_maruyama{}, flow, grid::xar<>{}, 50);
}
