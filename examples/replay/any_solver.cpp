// SPDX-License-Identifier: Apache-2.0
//
// From numbers to a solver's type, and from the type to a function.
#include "any_solver.hpp"

#include <ardent/solver/dpm_solver.hpp>
#include <ardent/solver/dpm_solver_pp.hpp>
#include <ardent/solver/sde_dpm_solver_pp.hpp>

namespace examples::replay {

namespace {

namespace solver = ardent::solver;
using ardent::multistep_form;

template <int Below>
any_solver of_order_2(multistep_kind kind, bool heun) {
  switch (kind) {
    case multistep_kind::noise:
      return heun ? erased(solver::dpm_solver<2, multistep_form::heun, Below>{})
                  : erased(solver::dpm_solver<2, multistep_form::midpoint, Below>{});
    case multistep_kind::data:
      return heun ? erased(solver::dpm_solver_pp<2, multistep_form::heun, Below>{})
                  : erased(solver::dpm_solver_pp<2, multistep_form::midpoint, Below>{});
    case multistep_kind::sde:
      break;
  }
  return heun ? erased(solver::sde_dpm_solver_pp<2, multistep_form::heun, Below>{})
              : erased(solver::sde_dpm_solver_pp<2, multistep_form::midpoint, Below>{});
}

template <int Below>
any_solver below(multistep_choice const& choice) {
  if (choice.order == 2) return of_order_2<Below>(choice.kind, choice.heun);
  return choice.kind == multistep_kind::noise ? erased(solver::dpm_solver_3_published<Below>{})
                                              : erased(solver::dpm_solver_pp_3_published<Below>{});
}

}  // namespace

any_solver multistep_solver(multistep_choice const& choice) {
  if (choice.order == 1) {
    switch (choice.kind) {
      case multistep_kind::noise:
        return erased(solver::dpm_solver_1{});
      case multistep_kind::data:
        return erased(solver::dpm_solver_pp_1{});
      case multistep_kind::sde:
        break;
    }
    return erased(solver::sde_dpm_solver_pp<1>{});
  }
  switch (choice.final_order_below) {
    case 10:
      return below<10>(choice);
    case 15:
      return below<15>(choice);
    default:
      return below<ardent::never>(choice);
  }
}

}  // namespace examples::replay
