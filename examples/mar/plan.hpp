// SPDX-License-Identifier: Apache-2.0
//
// What the command line can choose of a sampler, as run-time values: a number of steps for each AR step, a solver, a
// guidance. Two policies of our own hold a choice of the library's: solvers whose rows have the same shape differ in
// numbers alone, and so do guidances, so each group needs one kernel and not one a member.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <ardent/guidance/constant.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/solver/ddim.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/solver/dpm_solver.hpp>
#include <ardent/solver/dpm_solver_pp.hpp>

#include "common/program/annealing_words.hpp"

namespace examples::mar {

using examples::make_steps;

/// @brief A solver policy: one of those that keep one state, at most one earlier output, and read no variance, chosen
/// at run time.
class plain_solver {
 public:
  static constexpr int slots = 1;
  static constexpr int history = 2;  // one kernel for all: where nothing earlier is used, its coefficient is 0
  static constexpr bool reads_variance = false;
  static constexpr bool stochastic = true;
  static constexpr ardent::path_need needs = ardent::path_need::variance_preserving;

  /// @brief DPM-Solver++ 2M with a first-order end below 15 steps, as diffusers have it.
  using dpm_solver_pp_2m = ardent::solver::dpm_solver_pp<2, ardent::multistep_form::midpoint, 15>;
  /// @brief The choices.
  using choice =
      std::variant<ardent::solver::ddim<ardent::dynamic>, ardent::solver::ddpm<ardent::variance::fixed_small>,
                   ardent::solver::ddpm<ardent::variance::fixed_large>, ardent::solver::dpm_solver_1,
                   ardent::solver::dpm_solver_pp_1, dpm_solver_pp_2m>;

  explicit plain_solver(choice chosen) : chosen_(chosen) {}

  /// @brief The chosen solver's row k of n.
  [[nodiscard]] ardent::row<double, slots, history> row(ardent::node const* nodes, int n, int k,
                                                        ardent::prediction from) const {
    return std::visit([&](auto const& solver) { return ardent::with_history<history>(solver.row(nodes, n, k, from)); },
                      chosen_);
  }

 private:
  choice chosen_;
};

/// @brief DDPM with the variance that the network learned: its rows read a second half of the network's output.
using learned_ddpm = ardent::solver::ddpm<ardent::variance::learned_range>;

/// @brief A guidance policy: one of those with two branches, chosen at run time.
class chosen_guidance {
 public:
  static constexpr bool guided = true;

  /// @brief The choices.
  using choice = std::variant<ardent::guidance::linear<ardent::dynamic>, ardent::guidance::constant<ardent::dynamic>>;

  explicit chosen_guidance(choice chosen) : chosen_(chosen) {}

  /// @brief The chosen guidance's scale.
  [[nodiscard]] double scale(ardent::ar_progress const& progress) const {
    return std::visit([&](auto const& guidance) { return guidance.scale(progress); }, chosen_);
  }

 private:
  choice chosen_;
};

/// @brief A sampler as chosen on the command line.
struct plan {
  std::vector<int> steps;                           ///< denoising steps of each AR step; its size is the AR steps
  int clip = 950;                                   ///< noisiest training step that is visited
  std::variant<learned_ddpm, plain_solver> solver;  ///< how they are taken
  std::optional<chosen_guidance> guidance;          ///< nothing: no guidance, one branch
  double temperature = 1.0;                         ///< factor on the noise of the steps, at least 0
};

/// @brief Which solver, in the command line's words.
struct solver_words {
  std::string solver = "ddpm";       ///< ddpm, ddim, dpm-solver, dpm-solver++ or dpm-solver++2m
  std::string variance = "learned";  ///< learned, small or large; for ddpm
  double temperature = 1.0;          ///< for ddpm, at least 0
  double eta = 0.0;                  ///< for ddim, in [0, 1]
};

/// @brief The solver of these words.
/// @throws input_error if a word is unknown, or a number does not go with the solver
[[nodiscard]] std::variant<learned_ddpm, plain_solver> make_solver(solver_words const& words);

/// @brief The guidance of this name.
/// @param name none, constant or linear
/// @param scale guidance_scale, in [0, 1e6]; 1 changes nothing
/// @throws input_error if the name is unknown
[[nodiscard]] std::optional<chosen_guidance> make_guidance(std::string const& name, double scale);

}  // namespace examples::mar
