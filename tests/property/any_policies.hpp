// SPDX-License-Identifier: Apache-2.0
//
// Policies whose kind is chosen at run time, so that random compositions of all kinds share a handful of sampler types
// and with them a handful of kernels. What they say is what the library's own policies say.
#pragma once

#include <ardent/ardent.hpp>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace property {

/// @brief An ordering's counts, and its positions if it is not permuted.
/// @tparam Permuted  tokens come in a random order of each image
template <bool Permuted>
class any_ordering {
 public:
  static constexpr bool permuted = Permuted;

  any_ordering() = default;
  /// @param from  a library's ordering; permuted as this one
  template <class Ordering>
  explicit any_ordering(Ordering const& from) : length_(from.sequence_length()) {
    static_assert(Ordering::permuted == Permuted);
    counts_.resize(static_cast<std::size_t>(from.ar_steps()));
    from.fill(counts_.data());
    for (int i = 0; i < length_; ++i) {
      if constexpr (ardent::placed_ordering<Ordering>)
        positions_.push_back(from.position(i));
      else
        positions_.push_back(i);
    }
  }
  int sequence_length() const { return length_; }
  int ar_steps() const { return static_cast<int>(counts_.size()); }
  void fill(ardent::ar_counts* out) const { std::copy(counts_.begin(), counts_.end(), out); }
  int position(int i) const
    requires(!Permuted)
  {
    return positions_[static_cast<std::size_t>(i)];
  }

 private:
  int length_ = 0;
  std::vector<ardent::ar_counts> counts_;
  std::vector<int> positions_;
};

/// @brief Numbers of steps, rising or not.
struct any_annealing {
  static constexpr bool may_rise = true;
  std::vector<int> table;  ///< of each AR step
  int steps(int ar_step, int) const { return table[static_cast<std::size_t>(ar_step)]; }
};

/// @brief Stands for the process: the nodes that any_grid makes have all that there is to know.
struct any_process {
  static constexpr bool discrete_time = false;
  static constexpr ardent::path_kind path = ardent::path_kind::variance_preserving;
  int unused = 0;  ///< not empty: nothing is known to the compiler
  double start_time() const { return 1; }
  double end_time() const { return 0; }
  int table_size() const { return 0; }
  void fill_table(double*) const {}
  ardent::node at(double const*, double) const { return ardent::clean_node; }
  double time_of(double const*, double) const { return 0; }
};

/// @brief The nodes of a grid on a process.
struct any_grid {
  std::function<std::vector<ardent::node>(int steps)> make;  ///< noisiest first, the end included
  int most_nodes(int steps) const { return static_cast<int>(make(steps).size()); }
  template <class Process>
  int nodes(int steps, Process const&, double const*, ardent::node* out) const {
    std::vector<ardent::node> const all = make(steps);
    std::copy(all.begin(), all.end(), out);
    return static_cast<int>(all.size()) - 1;
  }
};

/// @brief The nodes of a library's grid on a library's process.
template <class Process, class Grid>
any_grid grid_on(Process process, Grid grid) {
  return {[process, grid](int steps) {
    std::vector<double> table(static_cast<std::size_t>(process.table_size()) + 1);
    process.fill_table(table.data());
    std::vector<ardent::node> nodes(static_cast<std::size_t>(ardent::detail::most_nodes(grid, steps)));
    std::vector<int> scratch(static_cast<std::size_t>(steps + 1 + ardent::detail::extra_steps<Grid>()));
    int const count = ardent::detail::fill_nodes(grid, process, table.data(), steps, scratch.data(), nodes.data());
    nodes.resize(static_cast<std::size_t>(count) + 1);
    return nodes;
  }};
}

/// @brief The rows of a solver for a network of one kind, in two slots and three outputs.
class any_solver {
 public:
  static constexpr int slots = 2, history = 3;
  static constexpr bool reads_variance = false, stochastic = true;
  using row_type = ardent::row<double, slots, history>;

  any_solver() = default;
  /// @param from  what the network predicts, whatever the sampler's type says
  template <class Solver>
  any_solver(Solver solver, ardent::prediction from)
      : row_([solver, from](ardent::node const* nodes, int n, int k) { return wide(solver.row(nodes, n, k, from)); }),
        evaluations_(
            [solver](ardent::node const* nodes, int n) { return ardent::detail::evaluations(solver, nodes, n); }) {}
  row_type row(ardent::node const* nodes, int n, int k, ardent::prediction) const { return row_(nodes, n, k); }
  int evaluations(ardent::node const* nodes, int n) const { return evaluations_(nodes, n); }

 private:
  template <int Slots, int History>
  static row_type wide(ardent::row<double, Slots, History> const& from) {
    row_type to;
    to.timestep = from.timestep;
    to.alpha = from.alpha;
    to.sigma = from.sigma;
    to.of_x = from.of_x;
    to.of_output = from.of_output;
    to.noise = from.noise;
    to.slot[1][1] = 1;  // a slot that nobody uses stays as it is
    for (int i = 0; i < Slots; ++i) {
      for (int j = 0; j < Slots; ++j) to.slot[i][j] = from.slot[i][j];
      for (int j = 0; j < History; ++j) to.model[i][j] = from.model[i][j];
    }
    return to;
  }

  std::function<row_type(ardent::node const*, int, int)> row_;
  std::function<int(ardent::node const*, int)> evaluations_;
};

/// @brief A guidance's scales, and where it acts.
struct any_guidance {
  static constexpr bool guided = true;
  std::function<double(ardent::ar_progress const&)> of;            ///< the scale
  std::function<bool(double)> acts = [](double) { return true; };  ///< at which timesteps
  double scale(ardent::ar_progress const& p) const { return of(p); }
  bool acts_at(double timestep) const { return acts(timestep); }
};

/// @brief A temperature's factors.
struct any_temperature {
  static constexpr bool scales_noise = true;
  std::function<double(ardent::ar_progress const&)> of = [](ardent::ar_progress const&) { return 1.0; };  ///< factor
  double factor(ardent::ar_progress const& p) const { return of(p); }
};

}  // namespace property
