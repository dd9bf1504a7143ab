// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Where a trajectory heads at a step: what a network's answer says of it, as numbers that a GPU can use too.

#include <ardent/config.hpp>
#include <ardent/prediction.hpp>
#include <ardent/process/process.hpp>

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

/// @brief What has been recorded of an AR step, to be read: a trajectory_record's data(), or a copy on a device.
struct trajectory_data {
  float const* x = nullptr;       ///< [steps][rows][channels] the denoiser's inputs
  float const* output = nullptr;  ///< [steps][branches][rows][channels] its outputs, without a variance half
  int steps = 0;                  ///< evaluations
  int rows = 0;                   ///< tokens of the AR step, over all images
  int channels = 0;               ///< numbers of a token
  int branches = 1;               ///< 1, or 2 with guidance
};

/// @brief How the answer at one step becomes a direction.
struct step_direction {
  affine to_x0;               ///< x0 = of_x x + of_output output, of the guided output
  affine to_epsilon;          ///< the same for epsilon
  double velocity_x0;         ///< the velocity towards less noise is velocity_x0 x0 + velocity_epsilon epsilon, up to a
  double velocity_epsilon;    ///< factor that a cosine does not see
  double guidance_scale = 1;  ///< output = unconditional + guidance_scale (conditional - unconditional)
};

/// @brief Sums of cosines, and of how many.
struct cosine_sums {
  double score = 0;            ///< sum over directions; u = score = -epsilon / sigma
  double velocity = 0;         ///< the same; u = the velocity of the probability-flow ODE, towards less noise
  std::size_t directions = 0;  ///< (token, step) pairs where neither u nor the way is 0
};

/// @brief Sums of more directions.
ARDENT_HD constexpr cosine_sums operator+(cosine_sums const& a, cosine_sums const& b) {
  return {a.score + b.score, a.velocity + b.velocity, a.directions + b.directions};
}

/// @brief The cosines between where one token heads at one step and where it gets.
/// @param at       of that step
/// @param record   what was recorded
/// @param samples  [rows][channels] where the trajectories ended
/// @param step     in [0, steps)
/// @param row      in [0, rows)
/// @return one direction, or none if a vector is 0
ARDENT_HD inline cosine_sums cosines_at(step_direction const& at, trajectory_data const& record, float const* samples,
                                        int step, int row) {
  const std::ptrdiff_t numbers = static_cast<std::ptrdiff_t>(record.rows) * record.channels;
  const std::ptrdiff_t place = static_cast<std::ptrdiff_t>(row) * record.channels;
  float const* const x = record.x + step * numbers + place;
  float const* const conditional = record.output + step * record.branches * numbers + place;
  double way = 0, score = 0, velocity = 0, along_score = 0, along_velocity = 0;
  for (int c = 0; c < record.channels; ++c) {
    double output = static_cast<double>(conditional[c]);
    if (record.branches == 2) {
      const auto other = static_cast<double>(conditional[numbers + c]);
      output = other + at.guidance_scale * (output - other);
    }
    const double here = static_cast<double>(x[c]);
    const double x0 = at.to_x0.of_x * here + at.to_x0.of_output * output;
    const double epsilon = at.to_epsilon.of_x * here + at.to_epsilon.of_output * output;
    const double u = at.velocity_x0 * x0 + at.velocity_epsilon * epsilon;
    const double d = static_cast<double>(samples[place + c]) - static_cast<double>(record.x[place + c]);
    way += d * d;
    score += epsilon * epsilon;
    velocity += u * u;
    along_score -= epsilon * d;
    along_velocity += u * d;
  }
  if (!(way > 0 && score > 0 && velocity > 0)) return {};
  return {along_score / std::sqrt(way * score), along_velocity / std::sqrt(way * velocity), 1};
}

/// @brief The directions of an AR step's rows.
///
/// With x = alpha x0 + sigma epsilon, the velocity towards less noise is x0 - epsilon on a linear flow, and sigma x0 -
/// alpha epsilon where alpha^2 + sigma^2 = 1.
/// @param sampler  what the trajectories were drawn with
/// @param ar_step  in [0, ar_steps)
/// @return one for each row
template <class Sampler>
std::vector<step_direction> directions_of(Sampler const& sampler, int ar_step) {
  using process_type = std::remove_cvref_t<decltype(sampler.process())>;
  constexpr bool linear = process_type::path == path_kind::linear_flow;
  std::vector<double> table(static_cast<std::size_t>(sampler.process().table_size()) + 1);
  sampler.process().fill_table(table.data());
  std::vector<step_direction> directions;
  for (auto const& row : sampler.rows(ar_step)) {
    node at;
    at.alpha = static_cast<double>(row.alpha);
    at.sigma = static_cast<double>(row.sigma);
    if constexpr (Sampler::predicted == prediction::velocity) {  // its size matters: the rates are needed
      // a row has no time: what the denoiser is told of it may be in other units
      const double time =
          at.alpha > 0 ? sampler.process().time_of(table.data(), half_logsnr(at)) : sampler.process().start_time();
      const node there = sampler.process().at(table.data(), time);
      at.alpha_rate = there.alpha_rate;
      at.sigma_rate = there.sigma_rate;
    }
    step_direction one{convert(Sampler::predicted, prediction::x0, at),
                       convert(Sampler::predicted, prediction::epsilon, at), linear ? 1 : at.sigma,
                       linear ? -1 : -at.alpha};
    if constexpr (Sampler::branches == 2)
      if (row.guided) one.guidance_scale = static_cast<double>(sampler.guidance_scale(ar_step));
    directions.push_back(one);
  }
  return directions;
}

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
