// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rows of all AR steps: computed by the compiler if every policy that enters is static, else by the same functions
// when the sampler is constructed.

#include <ardent/annealing/annealing.hpp>
#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>
#include <ardent/ordering/ordering.hpp>
#include <ardent/solver/row.hpp>

#include <array>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Where the rows of an AR step are.
template <class Row>
struct row_slice {
  Row const* rows = nullptr;
  int count = 0;
};

/// An annealing policy that the compiler can evaluate.
template <class A>
concept constant_annealing = is_static<A> && requires { typename std::bool_constant<(A().steps(0, 1), true)>; };

/// Training steps of a discrete process, or the most a number of steps can be.
template <class P>
constexpr int most_steps(P const& process) {
  if constexpr (discrete_process<P>)
    return process.train_timesteps();
  else
    return 1 << 24;
}

template <class Ordering>
inline constexpr auto ordering_counts = [] {
  std::array<ar_counts, static_cast<std::size_t>(Ordering{}.ar_steps())> counts{};
  Ordering{}.fill(counts.data());
  return counts;
}();

template <class Process>
inline constexpr auto process_table = [] {
  std::array<double, static_cast<std::size_t>(Process{}.table_size()) + 1> table{};
  Process{}.fill_table(table.data());
  return table;
}();

template <int Steps>
struct node_list {
  std::array<node, Steps + 1> nodes{};
  int count = 0;
};

template <class Process, class Grid, int Steps>
inline constexpr auto node_table = [] {
  node_list<Steps> list;
  std::array<typename grid_time<Grid>::type, Steps + 1> scratch{};
  list.count = fill_nodes(Grid{}, Process{}, process_table<Process>.data(), Steps, scratch.data(), list.nodes.data());
  return list;
}();

/// Rows in chunks, so that no single constant expression outgrows a compiler's default limit.
inline constexpr int rows_in_chunk = 64;

template <class Row, class Process, class Grid, class Solver, prediction From, int Steps, int Chunk>
inline constexpr auto row_chunk = [] {
  std::array<Row, rows_in_chunk> rows{};
  constexpr auto const& list = node_table<Process, Grid, Steps>;
  const int total = evaluations(Solver{}, list.count);
  for (int i = 0; i < rows_in_chunk && Chunk * rows_in_chunk + i < total; ++i)
    rows[static_cast<std::size_t>(i)] = round_row<typename Row::value_type>(
        Solver{}.row(list.nodes.data(), list.count, Chunk * rows_in_chunk + i, From));
  return rows;
}();

template <class Row, class Process, class Grid, class Solver, prediction From, int Steps>
inline constexpr auto row_table = [] {
  constexpr int total = evaluations(Solver{}, node_table<Process, Grid, Steps>.count);
  constexpr int chunks = (total + rows_in_chunk - 1) / rows_in_chunk;
  std::array<Row, static_cast<std::size_t>(total)> rows{};
  [&]<int... Chunk>(std::integer_sequence<int, Chunk...>) {
    const auto copy = [&](int first, auto const& chunk) {
      for (int i = 0; i < rows_in_chunk && first + i < total; ++i)
        rows[static_cast<std::size_t>(first + i)] = chunk[static_cast<std::size_t>(i)];
    };
    (copy(Chunk * rows_in_chunk, row_chunk<Row, Process, Grid, Solver, From, Steps, Chunk>), ...);
  }(std::make_integer_sequence<int, chunks>{});
  return rows;
}();

/// The fewest and the most denoising steps that an annealing asks for.
struct step_range {
  int fewest;
  int most;
};

template <class Ordering, class Annealing>
inline constexpr step_range steps_asked = [] {
  const int ar_steps = Ordering{}.ar_steps();
  step_range range{1 << 30, -(1 << 30)};
  for (int i = 0; i < ar_steps; ++i) {
    const int steps = Annealing{}.steps(i, ar_steps);
    range.fewest = steps < range.fewest ? steps : range.fewest;
    range.most = steps > range.most ? steps : range.most;
  }
  return range;
}();

/// The program of a sampler whose policies are all static: an empty object in front of the compiler's tables.
template <class Row, class Ordering, class Annealing, class Process, class Grid, class Solver, prediction From>
class static_program {
  static constexpr int ar_steps = Ordering{}.ar_steps();

  template <int ArStep>
  static constexpr row_slice<Row> slice() {
    constexpr int asked = Annealing{}.steps(ArStep, ar_steps);
    constexpr int steps = asked >= 1 && asked <= most_steps(Process{}) ? asked : 1;  // see the assertions
    constexpr auto const& rows = row_table<Row, Process, Grid, Solver, From, steps>;
    return {rows.data(), static_cast<int>(rows.size())};
  }

  static constexpr auto slices = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<row_slice<Row>, sizeof...(I)>{slice<I>()...};
  }(std::make_integer_sequence<int, ar_steps>{});

 public:
  constexpr static_program(Ordering const&, Annealing const&, Process const&, Grid const&, Solver const&) {}
  constexpr std::span<Row const> rows(int ar_step) const {
    row_slice<Row> const& s = slices[static_cast<std::size_t>(ar_step)];
    return {s.rows, static_cast<std::size_t>(s.count)};
  }
  constexpr ar_counts counts(int ar_step) const { return ordering_counts<Ordering>[static_cast<std::size_t>(ar_step)]; }

  static_assert(steps_asked<Ordering, Annealing>.fewest >= 1,
                "ardent::sampler: the annealing asks for no denoising step at some AR step. Ask for at least 1.");
  static_assert(steps_asked<Ordering, Annealing>.most <= most_steps(Process{}),
                "ardent::sampler: the annealing asks for more denoising steps than the process has training steps. Use "
                "fewer steps.");
};

inline void check_table_length(int entries, int ar_steps) {
  if (entries != ar_steps)
    throw std::invalid_argument("ardent::sampler: expected an annealing table with one entry for each of " +
                                std::to_string(ar_steps) + " AR steps, found " + std::to_string(entries));
}

/// The same computed at run time.
template <class Row, class Ordering, class Annealing, class Process, class Grid, class Solver, prediction From>
class dynamic_program {
 public:
  dynamic_program(Ordering const& ordering, Annealing const& annealing, Process const& process, Grid const& grid,
                  Solver const& solver) {
    const int ar_steps = ordering.ar_steps();
    if constexpr (requires { annealing.ar_steps(); }) check_table_length(annealing.ar_steps(), ar_steps);
    counts_.resize(static_cast<std::size_t>(ar_steps));
    ordering.fill(counts_.data());
    std::vector<double> table(static_cast<std::size_t>(process.table_size()) + 1);
    process.fill_table(table.data());
    std::map<int, slice> known;
    for (int i = 0; i < ar_steps; ++i) {
      const int steps = annealing.steps(i, ar_steps);
      if (steps < 1 || steps > most_steps(process))
        throw std::invalid_argument("ardent::sampler: expected 1 to " + std::to_string(most_steps(process)) +
                                    " denoising steps (no more than there are training steps) at AR step " +
                                    std::to_string(i) + ", found " + std::to_string(steps));
      auto [place, is_new] = known.try_emplace(steps);
      if (is_new) place->second = append(process, grid, solver, table.data(), steps);
      slices_.push_back(place->second);
    }
  }

  std::span<Row const> rows(int ar_step) const {
    slice const& s = slices_[static_cast<std::size_t>(ar_step)];
    return std::span<Row const>(rows_).subspan(s.offset, s.count);
  }
  ar_counts counts(int ar_step) const { return counts_[static_cast<std::size_t>(ar_step)]; }

 private:
  struct slice {
    std::size_t offset = 0;
    std::size_t count = 0;
  };

  slice append(Process const& process, Grid const& grid, Solver const& solver, double const* table, int steps) {
    std::vector<node> nodes(static_cast<std::size_t>(steps) + 1);
    std::vector<typename grid_time<Grid>::type> scratch(nodes.size());
    const int count = fill_nodes(grid, process, table, steps, scratch.data(), nodes.data());
    const int total = evaluations(solver, count);
    const slice s{rows_.size(), static_cast<std::size_t>(total)};
    for (int k = 0; k < total; ++k)
      rows_.push_back(round_row<typename Row::value_type>(solver.row(nodes.data(), count, k, From)));
    return s;
  }

  std::vector<Row> rows_;
  std::vector<slice> slices_;
  std::vector<ar_counts> counts_;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
