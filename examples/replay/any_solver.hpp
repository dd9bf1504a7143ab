// SPDX-License-Identifier: Apache-2.0
//
// A solver that is chosen at run time. Solvers of one slot differ in numbers alone, so all that use up to three model
// outputs can share a row type, and with it one kernel.
#pragma once

#include <ardent/solver/multistep.hpp>

#include <functional>
#include <utility>

namespace examples::replay {

/// @brief A solver policy: one of those with a single slot, up to three model outputs and a fixed variance.
class any_solver {
 public:
  static constexpr int slots = 1;
  static constexpr int history = 3;
  static constexpr bool reads_variance = false;
  static constexpr bool stochastic = true;
  static constexpr ardent::path_need needs = ardent::path_need::any;

  /// @brief What it makes.
  using row_type = ardent::row<double, slots, history>;
  /// @brief Row k of n.
  using function = std::function<row_type(ardent::node const* nodes, int n, int k, ardent::prediction from)>;

  any_solver() = default;
  /// @param rows  makes them
  explicit any_solver(function rows) : rows_(std::move(rows)) {}

  /// @brief The chosen solver's row k of n.
  [[nodiscard]] row_type row(ardent::node const* nodes, int n, int k, ardent::prediction from) const {
    return rows_(nodes, n, k, from);
  }

 private:
  function rows_;
};

/// @brief Any solver with a single slot.
template <class Solver>
any_solver erased(Solver const& solver) {
  return any_solver([solver](ardent::node const* nodes, int n, int k, ardent::prediction from) {
    return ardent::with_history<any_solver::history>(solver.row(nodes, n, k, from));
  });
}

/// @brief The kinds of multistep solvers.
enum class multistep_kind {
  noise,  ///< DPM-Solver
  data,   ///< DPM-Solver++
  sde,    ///< SDE-DPM-Solver++
};

/// @brief A multistep solver as published.
struct multistep_choice {
  multistep_kind kind = multistep_kind::noise;  ///< which
  int order = 1;                                ///< 1 to 3; up to 2 for the SDE
  bool heun = false;                            ///< of order 2: Heun's form, else midpoint
  int final_order_below = ardent::never;        ///< 0, 10 or 15: with fewer steps the last have lower orders
};

/// @brief That solver; order 3 with the published halved second difference.
/// @pre the numbers are among those named
[[nodiscard]] any_solver multistep_solver(multistep_choice const& choice);

}  // namespace examples::replay
