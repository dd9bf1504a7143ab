// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief How straight trajectories are: the cosine between where they head at each step and where they get.

#include <ardent/detail/pick.hpp>
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

/// @brief The straightness of recorded trajectories.
///
/// u is what the guided network says at each x that was visited, unclipped. With x = alpha x0 + sigma epsilon, the
/// velocity towards less noise is x0 - epsilon on a linear flow, and sigma x0 - alpha epsilon where alpha^2 + sigma^2
/// = 1, up to a factor that a cosine does not see. A cosine of 1 at all steps is a straight line, which one step of
/// Euler's method follows without error. DiSA (arXiv 2505.20297), section 3.2, has the score on the path of the ODE:
/// record with probability_flow(sampler) for it, and with the sampler itself for its own path.
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
  using process_type = std::remove_cvref_t<decltype(sampler.process())>;
  std::vector<double> table(static_cast<std::size_t>(sampler.process().table_size()) + 1);
  sampler.process().fill_table(table.data());
  const auto scale = sampler.guidance_scale(ar_step);
  const int channels = record.channels();

  straightness sum;
  for (int k = 0; k < record.steps(); ++k) {
    auto const& row = rows[static_cast<std::size_t>(k)];
    node at;
    at.alpha = static_cast<double>(row.alpha);
    at.sigma = static_cast<double>(row.sigma);
    if constexpr (Sampler::predicted == prediction::velocity) {  // its size matters: the rates are needed
      const node there = sampler.process().at(table.data(), static_cast<double>(row.timestep));
      at.alpha_rate = there.alpha_rate;
      at.sigma_rate = there.sigma_rate;
    }
    const affine to_x0 = convert(Sampler::predicted, prediction::x0, at);
    const affine to_epsilon = convert(Sampler::predicted, prediction::epsilon, at);
    constexpr bool linear = process_type::path == path_kind::linear_flow;
    const double of_x0 = linear ? 1 : at.sigma, of_epsilon = linear ? -1 : -at.alpha;
    for (int r = 0; r < record.rows(); ++r) {
      float const* const x = record.x(k, r);
      float const* const start = record.x(0, r);
      float const* const end = samples.data() + static_cast<std::ptrdiff_t>(r) * channels;
      double way = 0, score = 0, velocity = 0, along_score = 0, along_velocity = 0;
      for (int c = 0; c < channels; ++c) {
        double output = static_cast<double>(record.output(k, 0, r)[c]);
        if constexpr (Sampler::branches == 2) {
          const auto other = static_cast<double>(record.output(k, 1, r)[c]);
          if (row.guided) output = other + scale * (output - other);
        }
        const double here = static_cast<double>(x[c]);
        const double x0 = to_x0.of_x * here + to_x0.of_output * output;
        const double epsilon = to_epsilon.of_x * here + to_epsilon.of_output * output;
        const double u = of_x0 * x0 + of_epsilon * epsilon;
        const double d = static_cast<double>(end[c]) - static_cast<double>(start[c]);
        way += d * d;
        score += epsilon * epsilon;
        velocity += u * u;
        along_score -= epsilon * d;
        along_velocity += u * d;
      }
      if (!(way > 0 && score > 0 && velocity > 0)) continue;
      sum.score += along_score / std::sqrt(way * score);
      sum.velocity += along_velocity / std::sqrt(way * velocity);
      ++sum.directions;
    }
  }
  if (sum.directions > 0) {
    sum.score /= static_cast<double>(sum.directions);
    sum.velocity /= static_cast<double>(sum.directions);
  }
  return sum;
}

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
