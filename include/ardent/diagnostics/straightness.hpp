// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief How straight trajectories are: the cosine between where they head at each step and where they get.

#include <ardent/detail/pick.hpp>
#include <ardent/diagnostics/direction.hpp>
#include <ardent/diagnostics/trajectory_record.hpp>
#include <ardent/guidance/none.hpp>
#include <ardent/prediction.hpp>
#include <ardent/process/process.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddim.hpp>
#include <ardent/temperature/temperature.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

namespace detail {

template <class Sampler>
struct flow_of;
template <class O, class A, class P, class G, class S, class C, class T, class X, class... Rest>
struct flow_of<basic_sampler<O, A, P, G, S, C, T, X, Rest...>> {
  static constexpr auto make(basic_sampler<O, A, P, G, S, C, T, X, Rest...> const& s) {
    return [&]<class... More>(std::type_identity<basic_sampler<More...>>) {
      return basic_sampler<More...>(s.ordering(), s.annealing(), s.process(), s.grid(), {}, s.guidance(), {},
                                    s.clipping());
    }(std::type_identity<sampler<O, A, P, G, solver::ddim<>, C, X, Rest...>>{});
  }
};

}  // namespace detail

/// @brief The same composition on the path of the probability-flow ODE: its solver is deterministic DDIM, which on a
/// linear flow is Euler's method, and there is no temperature. All else is the sampler's, and the number of steps too.
/// Source: DDIM (arXiv 2010.02502), equation 14.
template <class Sampler>
constexpr auto probability_flow(Sampler const& sampler) {
  return detail::flow_of<Sampler>::make(sampler);
}

/// @brief Mean cosines over tokens and steps between u at (x_t, t) and x_end - x_start.
struct straightness {
  double score = 0;            ///< u = score = -epsilon / sigma
  double velocity = 0;         ///< u = the velocity of the probability-flow ODE, towards less noise
  std::size_t directions = 0;  ///< (token, step) pairs that were averaged: those where neither vector is 0
};

/// @brief The means of sums; 0 of none.
inline straightness mean_of(cosine_sums const& sums) {
  const double count = sums.directions > 0 ? static_cast<double>(sums.directions) : 1;
  return {sums.score / count, sums.velocity / count, sums.directions};
}

/// @brief The straightness of recorded trajectories.
///
/// u is what the guided network says at each x that was visited, unclipped (see directions_of). A cosine of 1 at all
/// steps is a straight line, which one step of Euler's method follows without error. DiSA (arXiv 2505.20297),
/// section 3.2, has the score on the path of the ODE: record with probability_flow(sampler) for it, and with the
/// sampler itself for its own path.
/// @param sampler  what the trajectories were drawn with
/// @param ar_step  where
/// @param record   what was recorded
/// @param samples  [rows][channels] where the trajectories ended
/// @throws std::invalid_argument if sizes do not fit one another
template <class Sampler>
straightness straightness_of(Sampler const& sampler, int ar_step, trajectory_record const& record,
                             std::span<float const> samples) {
  const auto rows = sampler.rows(ar_step);
  const std::size_t numbers = static_cast<std::size_t>(record.rows()) * static_cast<std::size_t>(record.channels());
  if (static_cast<int>(rows.size()) != record.steps() || samples.size() != numbers ||
      record.branches() != Sampler::branches)
    throw std::invalid_argument("ardent::diagnostics::straightness_of: expected a record of " +
                                std::to_string(rows.size()) + " steps and " + std::to_string(Sampler::branches) +
                                " branches, and as many samples as it has tokens, found " +
                                std::to_string(record.steps()) + ", " + std::to_string(record.branches()) + " and " +
                                std::to_string(samples.size()) + " numbers for " + std::to_string(numbers));
  const std::vector<step_direction> directions = directions_of(sampler, ar_step);
  cosine_sums sum;
  for (int k = 0; k < record.steps(); ++k)
    for (int r = 0; r < record.rows(); ++r)
      sum = sum + cosines_at(directions[static_cast<std::size_t>(k)], record.data(), samples.data(), k, r);
  return mean_of(sum);
}

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
