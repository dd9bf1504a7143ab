// SPDX-License-Identifier: Apache-2.0
//
// Every solver in the kernel, guided at all times or at some, with x0 clipped or not, for networks of every kind,
// against a scalar interpreter of its rows in double. The networks are exact denoisers of mixtures, another one for
// each token and branch.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "support/made_numbers.hpp"
#include "support/one_level.hpp"
#include "support/table_run.hpp"

namespace {

using ardent::prediction;
using test::path_shape;
namespace grid = ardent::grid;
namespace process = ardent::process;
namespace solver = ardent::solver;

constexpr int images = 2, length = 3, channels = 5, rows = images * length;
constexpr double scale = 2.3, low = -0.9, high = 0.8, temperature = 0.7;

// The best answer for a mixture that the condition names, at a level rounded as the kernel tells it; then, if the
// solver asks for it, a variance.
struct network {
  static constexpr prediction predicted = prediction::epsilon;  // or what `from` says: the rows know
  prediction from;
  path_shape shape;
  bool variance;
  int channels() const { return ::channels; }
  int outputs() const { return (variance ? 2 : 1) * ::channels; }
  int condition_width() const { return 1; }

  void operator()(float const* x, ardent::time_point const& time, float const* condition, float* output) const {
    double const shift = static_cast<double>(*condition);
    test::mixture const data{{{0.4, -1 + shift, 0.5}, {0.6, 0.8 - shift, 0.3}}};
    test::level const l{static_cast<double>(time.alpha), static_cast<double>(time.sigma)};
    for (int c = 0; c < ::channels; ++c) {
      auto const value = static_cast<double>(x[c]);
      output[c] = static_cast<float>(test::output_of(from, data.at(value, l), l, shape));
      if (variance) output[::channels + c] = static_cast<float>(std::sin(value + shift));
    }
  }
};

struct model {
  network function;
  std::vector<float> const& z;
  int sequence_length() const { return length; }
  auto denoiser() const { return ardent::denoiser::pointwise(function); }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* out) const {
    std::copy_n(z.data(), view.branches * rows, out);
  }
};

// A solver's rows on nodes of the test's choice, as a solver: kernels are compiled for shapes of rows, not for solvers.
template <int Slots, int History, bool Variance, bool Stochastic, bool Converts, bool Keeps>
struct given_rows {
  static constexpr int slots = Slots, history = History;
  static constexpr bool reads_variance = Variance, stochastic = Stochastic, keeps_state = Keeps;
  static constexpr prediction native(prediction from) {
    return !Converts ? from : from == prediction::x0 ? prediction::epsilon : prediction::x0;
  }
  std::vector<ardent::row<double, Slots, History>> list;
  int evaluations(ardent::node const*, int) const { return static_cast<int>(list.size()); }
  ardent::row<double, Slots, History> row(ardent::node const*, int, int k, prediction) const {
    return list[static_cast<std::size_t>(k)];
  }
};

// What all draws share.
struct recording {
  int evaluations;
  std::vector<float> z, start;
  std::vector<std::vector<float>> draws;
  explicit recording(int count) : evaluations(count) {
    test::made_numbers numbers(19);
    z = numbers.normals(2 * rows);
    start = numbers.normals(rows * channels);
    for (int k = 0; k < count; ++k) draws.push_back(numbers.normals(rows * channels));
  }
};

// How the sampler under test differs from a plain guided one.
struct choice {
  double from = -1e9, to = 1e9;  // where guidance acts
  bool clipped = false;
};

template <class Row>
double expected(recording const& what, network const& network, std::vector<Row> const& table, choice const& how,
                int token, int channel, double noise_factor) {
  auto const element = static_cast<std::size_t>(token * channels + channel);
  test::run_state<Row> state(static_cast<double>(what.start[element]));
  for (std::size_t k = 0; k < table.size(); ++k) {
    Row const& row = table[k];
    ardent::time_point const time{static_cast<float>(row.timestep), static_cast<float>(row.alpha),
                                  static_cast<float>(row.sigma), 0};
    float x[channels], conditional[2 * channels], unconditional[2 * channels];
    std::fill_n(x, channels, static_cast<float>(state.x()));
    network(x, time, &what.z[static_cast<std::size_t>(token)], conditional);
    network(x, time, &what.z[static_cast<std::size_t>(rows + token)], unconditional);
    auto output = static_cast<double>(conditional[0]);
    auto const other = static_cast<double>(unconditional[0]);
    if (row.timestep >= how.from && row.timestep <= how.to) output = other + scale * (output - other);
    double noise = static_cast<double>(what.draws[k][element]) * noise_factor;
    if (network.outputs() > channels) {
      double const f = (static_cast<double>(conditional[channels]) + 1) / 2;
      noise *= std::exp(f * row.half_log_variance_max + (1 - f) * row.half_log_variance_min);
    }
    if (how.clipped) {
      double const x0 = std::clamp(row.x0_of_x * state.x() + row.x0_of_output * output, low, high);
      state.apply_converted(row, row.m_of_x * state.x() + row.m_of_x0 * x0, noise);
    } else {
      state.apply(row, output, noise);
    }
  }
  return state.x();
}

// Draws by the library, and returns the largest difference from what is expected.
template <class Solver, class... Policies>
double largest_difference(recording const& what, network const& net, Solver const& given, choice const& how,
                          Policies const&... policies) {
  std::vector<float const*> draws;
  for (std::vector<float> const& d : what.draws) draws.push_back(d.data());
  ardent::random::recorded_step const recorded{what.start.data(), draws.data()};
  std::vector<float> tokens(static_cast<std::size_t>(rows * channels));
  model m{net, what.z};
  auto const sampler = ardent::make_sampler(ardent::ordering::raster(length, 1), ardent::annealing::constant(3),
                                            ardent::state<double>{}, given, policies...);
  ardent::generate(sampler, m, test::one_level<ardent::simd_level::baseline>(),
                   ardent::random::replay(&recorded, nullptr, length), {images}, tokens);
  double worst = 0;
  for (int token = 0; token < rows; ++token)
    for (int c = 0; c < channels; ++c) {
      double const right = expected(what, net, given.list, how, token, c, Solver::stochastic ? temperature : 1);
      double const off = std::abs(static_cast<double>(tokens[static_cast<std::size_t>(token * channels + c)]) - right);
      worst = std::fmax(worst, std::isnan(off) ? 1e9 : off / std::fmax(1, std::abs(right)));
    }
  return worst;
}

template <class Given>
void check_shape(network const& net, Given const& given, double from, double to) {
  recording const what(static_cast<int>(given.list.size()));
  auto const largest = [&](choice const& how, auto const&... policies) {
    if constexpr (Given::stochastic)
      return largest_difference(what, net, given, how, policies..., ardent::temperature::constant(temperature));
    else
      return largest_difference(what, net, given, how, policies...);
  };
  ardent::guidance::constant const everywhere(scale);
  ardent::guidance::interval const sometimes(everywhere, from, to), never(everywhere, 1e8, 1e9);
  // the state is double, what goes to and comes from the network is float
  CHECK(largest({}, everywhere) < 3e-6);
  CHECK(largest({from, to, false}, sometimes) < 3e-6);
  CHECK(largest({-1e9, 1e9, true}, everywhere, ardent::clipping::x0(low, high)) < 3e-6);
  // and the comparison sees whether guidance acts
  CHECK(largest({}, never) > 1e-3);
}

template <class Solver, class Process, class Grid>
void check(prediction from, path_shape shape, Solver const& s, Process const& p, Grid const& g, double low_time,
           double high_time) {
  auto const check_given = [&]<bool Converts>(std::bool_constant<Converts>) {
    given_rows<Solver::slots, Solver::history, Solver::reads_variance, Solver::stochastic, Converts,
               ardent::detail::keeps_state<Solver>()>
        given;
    given.list = test::rows_of(s, test::nodes_of(p, g, 6), from);
    INFO("network " << static_cast<int>(from));
    check_shape(network{from, shape, Solver::reads_variance}, given, low_time, high_time);
  };
  if (ardent::detail::converts<Solver>(from))
    check_given(std::true_type{});
  else
    check_given(std::false_type{});
}

template <class Solver>
void check_training_steps(std::string const& name, Solver const& s = {}) {
  INFO(name);
  for (prediction const from : {prediction::epsilon, prediction::x0, prediction::v})
    check(from, path_shape::variance_preserving, s, process::cosine<>{}, grid::clip<grid::respaced, 800>{}, 100, 500);
}

template <class Solver, class Process, class Grid>
void check_flow(path_shape shape, Solver const& s, Process const& p, Grid const& g) {
  for (prediction const from : {prediction::epsilon, prediction::x0, prediction::v, prediction::velocity})
    check(from, shape, s, p, g, 0.2, 0.6);
}

template <class Solver>
void check_flows(std::string const& name, Solver const& s = {}) {
  INFO(name);
  using times = grid::between<grid::time_uniform, 0.9, 0.05>;
  auto const both = [&](auto const& g) {
    check_flow(path_shape::linear, s, process::flow_linear{}, g);
    check_flow(path_shape::variance_preserving, s, process::flow_cosine{}, g);
  };
  if constexpr (requires { Solver::parts; })
    both(grid::subdivided<times, Solver::parts>{});
  else
    both(times{});
}

}  // namespace

TEST_CASE("every stochastic solver over training steps, in the kernel") {
  using ardent::variance;
  check_training_steps<solver::ddpm<variance::fixed_small>>("ddpm, fixed_small");
  check_training_steps<solver::ddpm<variance::fixed_large>>("ddpm, fixed_large");
  check_training_steps<solver::ddpm<variance::learned>>("ddpm, learned");
  check_training_steps<solver::ddpm<variance::learned_range>>("ddpm, learned_range");
  check_training_steps<solver::ddim<0.6>>("ddim, eta 0.6");
  check_training_steps<solver::sde_dpm_solver_pp<1>>("sde_dpm_solver_pp<1>");
  check_training_steps<solver::sde_dpm_solver_pp<2>>("sde_dpm_solver_pp<2>");
}

TEST_CASE("every multistep solver over training steps, in the kernel") {
  using ardent::multistep_form;
  check_training_steps<solver::ddim<>>("ddim");
  check_training_steps<solver::dpm_solver<1>>("dpm_solver<1>");
  check_training_steps<solver::dpm_solver<2>>("dpm_solver<2>");
  check_training_steps<solver::dpm_solver<2, multistep_form::heun>>("dpm_solver<2, heun>");
  check_training_steps<solver::dpm_solver<3>>("dpm_solver<3>");
  check_training_steps<solver::dpm_solver_3_published<>>("dpm_solver_3_published");
  check_training_steps<solver::dpm_solver_pp<1>>("dpm_solver_pp<1>");
  check_training_steps<solver::dpm_solver_pp<2>>("dpm_solver_pp<2>");
  check_training_steps<solver::dpm_solver_pp<2, multistep_form::heun>>("dpm_solver_pp<2, heun>");
  check_training_steps<solver::dpm_solver_pp<3>>("dpm_solver_pp<3>");
  check_training_steps<solver::dpm_solver_pp_3_published<>>("dpm_solver_pp_3_published");
  check_training_steps<solver::unipc_2<>>("unipc_2");
}

TEST_CASE("every solver of flows, in the kernel") {
  check_flows<solver::flow_euler>("flow_euler");
  check_flows<solver::flow_ab2>("flow_ab2");
  check_flows<solver::flow_heun>("flow_heun");
  check_flows<solver::singlestep_2>("singlestep_2");
  check_flows<solver::singlestep_3>("singlestep_3");
  check_flows<solver::dpm_solver_pp<2>>("dpm_solver_pp<2>");
  check_flows<solver::unipc_2<>>("unipc_2");
  check_flow(path_shape::linear, solver::flow_euler_maruyama{}, process::flow_linear{},
             grid::between<grid::time_uniform, 0.9, 0.05>{});
}
