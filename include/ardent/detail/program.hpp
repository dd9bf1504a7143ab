// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rows of all AR steps: computed by the compiler if every policy that enters is static, else by the same functions
// when the sampler is constructed.

#include <ardent/detail/row_tables.hpp>
#include <ardent/grid/grid.hpp>
#include <ardent/ordering/ordering.hpp>
#include <ardent/prediction.hpp>
#include <ardent/process/process.hpp>
#include <ardent/solver/row.hpp>

#include <array>
#include <cstddef>
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

/// The program of a sampler whose policies are all static: an empty object in front of the compiler's tables. What
/// could be wrong with the policies has been refused before: see detail::composition.
template <class Row, class Ordering, class Annealing, class Process, class Grid, class Solver, class Guidance,
          prediction From>
class static_program {
  static constexpr int ar_steps = Ordering{}.ar_steps();

  template <int ArStep>
  static constexpr row_slice<Row> slice() {
    constexpr int steps = Annealing{}.steps(ArStep, ar_steps);
    constexpr auto const& rows = row_table<Row, Process, Grid, Solver, row_guidance<Guidance>, From, steps>;
    return {rows.data(), static_cast<int>(rows.size())};
  }

  static constexpr auto slices = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<row_slice<Row>, sizeof...(I)>{slice<I>()...};
  }(std::make_integer_sequence<int, ar_steps>{});

 public:
  constexpr static_program(Ordering const&, Annealing const&, Process const&, Grid const&, Solver const&,
                           Guidance const&) {}
  constexpr std::span<Row const> rows(int ar_step) const {
    row_slice<Row> const& s = slices[static_cast<std::size_t>(ar_step)];
    return {s.rows, static_cast<std::size_t>(s.count)};
  }
  constexpr ar_counts counts(int ar_step) const { return ordering_counts<Ordering>[static_cast<std::size_t>(ar_step)]; }
};

inline void check_table_length(int entries, int ar_steps) {
  if (entries != ar_steps)
    throw std::invalid_argument("ardent::sampler: expected an annealing table with one entry for each of " +
                                std::to_string(ar_steps) + " AR steps, found " + std::to_string(entries));
}

/// The same computed at run time.
template <class Row, class Ordering, class Annealing, class Process, class Grid, class Solver, class Guidance,
          prediction From>
class dynamic_program {
 public:
  dynamic_program(Ordering const& ordering, Annealing const& annealing, Process const& process, Grid const& grid,
                  Solver const& solver, Guidance const& guidance) {
    const int ar_steps = ordering.ar_steps();
    if constexpr (requires { annealing.ar_steps(); }) check_table_length(annealing.ar_steps(), ar_steps);
    counts_.resize(static_cast<std::size_t>(ar_steps));
    ordering.fill(counts_.data());
    if (!counts_fit(counts_.data(), ar_steps, ordering.sequence_length()))
      throw std::invalid_argument(
          "ardent::sampler: expected an ordering whose AR steps draw at least 1 token each and " +
          std::to_string(ordering.sequence_length()) + " in all, found other counts");
    std::vector<double> table(static_cast<std::size_t>(process.table_size()) + 1);
    process.fill_table(table.data());
    std::map<int, slice> known;
    for (int i = 0; i < ar_steps; ++i) {
      const int steps = annealing.steps(i, ar_steps);
      if (steps < 1 || steps > most_steps(process))
        throw std::invalid_argument("ardent::sampler: expected 1 to " + std::to_string(most_steps(process)) +
                                    " denoising steps (no more than there are training steps) at AR step " +
                                    std::to_string(i) + ", found " + std::to_string(steps));
      if (steps < least_steps<Solver>())
        throw std::invalid_argument("ardent::sampler: expected at least " + std::to_string(least_steps<Solver>()) +
                                    " denoising steps for this solver's order at AR step " + std::to_string(i) +
                                    ", found " + std::to_string(steps));
      if (steps < least_steps<Grid>())
        throw std::invalid_argument("ardent::sampler: expected at least " + std::to_string(least_steps<Grid>()) +
                                    " denoising steps for this grid at AR step " + std::to_string(i) + ", found " +
                                    std::to_string(steps));
      if (!may_rise<Annealing>() && i > 0 && steps > annealing.steps(i - 1, ar_steps))
        throw std::invalid_argument("ardent::sampler: expected at most " +
                                    std::to_string(annealing.steps(i - 1, ar_steps)) + " denoising steps at AR step " +
                                    std::to_string(i) + " as at the one before (annealing::rising lifts this), found " +
                                    std::to_string(steps));
      auto [place, is_new] = known.try_emplace(steps);
      if (is_new) place->second = append(process, grid, solver, guidance, table.data(), steps);
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

  slice append(Process const& process, Grid const& grid, Solver const& solver, Guidance const& guidance,
               double const* table, int steps) {
    std::vector<node> nodes(static_cast<std::size_t>(most_nodes(grid, steps)));
    std::vector<int> scratch(static_cast<std::size_t>(steps + 1 + extra_steps<Grid>()));
    const int count = fill_nodes(grid, process, table, steps, scratch.data(), nodes.data());
    const int total = evaluations(solver, nodes.data(), count);
    const slice s{rows_.size(), static_cast<std::size_t>(total)};
    for (int k = 0; k < total; ++k)
      rows_.push_back(
          row_rules<Row, Process, Grid, Solver, Guidance, From>::row(solver, guidance, nodes.data(), count, k));
    return s;
  }

  std::vector<Row> rows_;
  std::vector<slice> slices_;
  std::vector<ar_counts> counts_;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
