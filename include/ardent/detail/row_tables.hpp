// SPDX-License-Identifier: Apache-2.0
#pragma once

// What decides a sampler's rows, and the rows of static policies as tables of the compiler's.

#include <ardent/annealing/annealing.hpp>
#include <ardent/grid/grid.hpp>
#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>
#include <ardent/ordering/ordering.hpp>
#include <ardent/prediction.hpp>
#include <ardent/process/process.hpp>
#include <ardent/solver/row.hpp>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace detail {

/// An annealing policy that the compiler can evaluate; one out of its range is refused for that.
template <class A>
concept constant_annealing =
    is_static<A> && in_range<A> && requires { typename std::bool_constant<(A().steps(0, 1), true)>; };

/// A guidance that is restricted to some times decides which rows are guided.
template <class G>
inline constexpr bool guidance_decides_rows = requires(G const& g) { g.acts_at(0.0); };

/// Guidance that acts everywhere: what the rows of all other guidances have in common.
struct guidance_everywhere {};

template <class G>
using row_guidance = std::conditional_t<guidance_decides_rows<G>, G, guidance_everywhere>;

/// Training steps of a discrete process, or the most a number of steps can be: with two evaluations each they are still
/// in noise_key's range.
template <class P>
constexpr int most_steps(P const& process) {
  if constexpr (discrete_process<P>)
    return process.train_timesteps();
  else
    return 1 << 15;
}

template <class Ordering>
inline constexpr auto ordering_counts = [] {
  std::array<ar_counts, static_cast<std::size_t>(Ordering{}.ar_steps())> counts{};
  Ordering{}.fill(counts.data());
  return counts;
}();

/// True if each AR step draws a token and all of them together draw the sequence.
constexpr bool counts_fit(ar_counts const* counts, int ar_steps, int sequence_length) {
  long long sum = 0;
  for (int i = 0; i < ar_steps; ++i) {
    if (counts[i].tokens < 1) return false;
    sum += counts[i].tokens;
  }
  return sum == sequence_length;
}

/// True for an annealing that says that it may ask for more steps at a later AR step: see annealing::rising.
template <class A>
constexpr bool may_rise() {
  if constexpr (requires { A::may_rise; })
    return A::may_rise;
  else
    return false;
}

template <class Process>
inline constexpr auto process_table = [] {
  std::array<double, static_cast<std::size_t>(Process{}.table_size()) + 1> table{};
  Process{}.fill_table(table.data());
  return table;
}();

template <int Nodes>
struct node_list {
  std::array<node, Nodes> nodes{};
  int count = 0;  // steps; one more node than that
};

template <class Process, class Grid, int Steps>
constexpr auto list_nodes() {
  node_list<most_nodes(Grid{}, Steps)> list;
  std::array<int, Steps + 1 + extra_steps<Grid>()> scratch{};
  list.count = fill_nodes(Grid{}, Process{}, process_table<Process>.data(), Steps, scratch.data(), list.nodes.data());
  return list;
}

template <class Process, class Grid, int Steps>
inline constexpr auto node_table = list_nodes<Process, Grid, Steps>();

/// True if every coefficient is a number.
template <int Slots, int History>
constexpr bool is_finite(row<double, Slots, History> const& r) {
  const auto fits = [](double c) { return c >= -1e300 && c <= 1e300; };
  bool all = fits(r.of_x) && fits(r.of_output) && fits(r.noise) && fits(r.half_log_variance_min) &&
             fits(r.half_log_variance_max);
  for (int i = 0; i < Slots; ++i) {
    for (int j = 0; j < Slots; ++j) all = all && fits(r.slot[i][j]);
    for (int j = 0; j < History; ++j) all = all && fits(r.model[i][j]);
  }
  return all;
}

/// What decides a sampler's rows, apart from the number of steps.
template <class Row, class Process, class Grid, class Solver, class Guidance, prediction From>
struct row_rules {
  /// Row k as the solver and the guidance have it, rounded to the kernel's row.
  static constexpr Row row(Solver const& solver, Guidance const& guidance, node const* nodes, int n, int k) {
    auto full = solver.row(nodes, n, k, From);
    if (!is_finite(full))
      throw std::invalid_argument(
          "ardent::sampler: expected finite coefficients, found others in row " + std::to_string(k) +
          (nodes[0].alpha > 0 ? ""
                              : ": the grid starts in pure noise, where an epsilon network says nothing about x0 "
                                "and log(alpha / sigma) is infinite. Start at less noise with grid::clip or "
                                "grid::between (whose end needs noise where a log-SNR is spaced), or predict x0, "
                                "v or a velocity with a solver that needs no log-SNR"));
    if (!Solver::stochastic && full.noise != 0)
      throw std::invalid_argument(
          "ardent::sampler: expected no noise of a solver with stochastic = false, found some in row " +
          std::to_string(k));
    if (!Row::parts.conversion && (full.of_x != 0 || full.of_output != 1))
      throw std::invalid_argument(
          "ardent::sampler: expected rows that take the output as it is, as the solver's native() says, found a "
          "conversion in row " +
          std::to_string(k));
    if (!Row::parts.state_factor && full.slot[0][0] != 1)
      throw std::invalid_argument(
          "ardent::sampler: expected a coefficient of 1 for x of a solver with keeps_state = true, found another in "
          "row " +
          std::to_string(k));
    full.guided = guidance_acts_at(guidance, full.timestep);
    return round_row<Row>(full);
  }
};

/// Rows in chunks, so that no single constant expression outgrows a compiler's default limit.
inline constexpr int rows_in_chunk = 64;

template <class Row, class Process, class Grid, class Solver, class Guidance, prediction From, int Steps, int Chunk>
inline constexpr auto row_chunk = [] {
  std::array<Row, rows_in_chunk> rows{};
  constexpr auto const& list = node_table<Process, Grid, Steps>;
  const int total = evaluations(Solver{}, list.nodes.data(), list.count);
  for (int i = 0; i < rows_in_chunk && Chunk * rows_in_chunk + i < total; ++i)
    rows[static_cast<std::size_t>(i)] = row_rules<Row, Process, Grid, Solver, Guidance, From>::row(
        Solver{}, Guidance{}, list.nodes.data(), list.count, Chunk * rows_in_chunk + i);
  return rows;
}();

template <class Row, class Process, class Grid, class Solver, class Guidance, prediction From, int Steps>
inline constexpr auto row_table = [] {
  constexpr auto const& list = node_table<Process, Grid, Steps>;
  constexpr int total = evaluations(Solver{}, list.nodes.data(), list.count);
  constexpr int chunks = (total + rows_in_chunk - 1) / rows_in_chunk;
  std::array<Row, static_cast<std::size_t>(total)> rows{};
  [&]<int... Chunk>(std::integer_sequence<int, Chunk...>) {
    const auto copy = [&](int first, auto const& chunk) {
      for (int i = 0; i < rows_in_chunk && first + i < total; ++i)
        rows[static_cast<std::size_t>(first + i)] = chunk[static_cast<std::size_t>(i)];
    };
    (copy(Chunk * rows_in_chunk, row_chunk<Row, Process, Grid, Solver, Guidance, From, Steps, Chunk>), ...);
  }(std::make_integer_sequence<int, chunks>{});
  return rows;
}();

/// True; not a constant expression if a grid refuses to make K steps.
template <class Process, class Grid, int Steps>
constexpr bool nodes_exist() {
  return list_nodes<Process, Grid, Steps>().count >= 0;
}

/// False if the compiler knows that a grid cannot make K steps on a process.
template <class Process, class Grid, int Steps>
concept has_nodes = requires { typename std::enable_if_t<nodes_exist<Process, Grid, Steps>()>; };

/// True if all rows of a K-step trajectory are numbers; not a constant expression if computing one divides by zero.
template <class Process, class Grid, class Solver, prediction From, int Steps>
constexpr bool rows_exist() {
  const auto list = list_nodes<Process, Grid, Steps>();
  for (int k = 0; k < evaluations(Solver{}, list.nodes.data(), list.count); ++k)
    if (!is_finite(Solver{}.row(list.nodes.data(), list.count, k, From))) return false;
  return true;
}

/// A process with a little noise at its clean nodes: a grid that stands on it and not on the process needs that.
template <class Process>
struct never_clean : Process {
  constexpr node at(double const* table, auto time) const {
    node n = Process::at(table, time);
    if (n.sigma == 0) n.sigma = 1e-30;
    return n;
  }
};

/// True if all that keeps a grid from making K steps is that it ends without noise.
template <class Process, class Grid, int Steps>
concept lacks_noise_at_end =
    !std::is_final_v<Process> && !has_nodes<Process, Grid, Steps> && has_nodes<never_clean<Process>, Grid, Steps>;

/// False if the compiler knows that the grid starts in pure noise, where the network or the solver has no finite row.
template <class Process, class Grid, class Solver, prediction From, int Steps>
concept has_rows = lacks_noise_at_end<Process, Grid, Steps> ||
                   requires { typename std::enable_if_t<rows_exist<Process, Grid, Solver, From, Steps>()>; };

/// What an annealing asks for over the AR steps.
struct steps_summary {
  int fewest = 1 << 30;  // denoising steps
  int most = -(1 << 30);
  bool rises = false;  // more at a later AR step
};

template <class Ordering, class Annealing>
inline constexpr steps_summary steps_asked = [] {
  const int ar_steps = Ordering{}.ar_steps();
  steps_summary out;
  for (int i = 0, before = 0; i < ar_steps; ++i) {
    const int steps = Annealing{}.steps(i, ar_steps);
    out.fewest = steps < out.fewest ? steps : out.fewest;
    out.most = steps > out.most ? steps : out.most;
    out.rises = out.rises || (i > 0 && steps > before);
    before = steps;
  }
  return out;
}();

}  // namespace detail
}  // namespace v0
}  // namespace ardent
