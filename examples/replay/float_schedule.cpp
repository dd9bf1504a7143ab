// SPDX-License-Identifier: Apache-2.0
//
// Tables and interpolation in float.
#include "float_schedule.hpp"

#include "policies.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace examples::replay {

namespace {

/// The line through the two points around x, or through the last two at an end; `from` ascends.
float interpolate(float x, std::vector<float> const& from, std::vector<float> const& to) {
  const auto place = std::lower_bound(from.begin(), from.end(), x) - from.begin() - 1;
  const auto i =
      static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(place, 0, static_cast<std::ptrdiff_t>(from.size()) - 2));
  const float rise = (x - from[i]) * (to[i + 1] - to[i]);
  return to[i] + rise / (from[i + 1] - from[i]);
}

}  // namespace

std::vector<float> float_linspace(float first, float last, int n) {
  std::vector<float> values;
  const float step = n > 1 ? (last - first) / static_cast<float>(n - 1) : 0.0f;
  // counted from the nearer end, multiply and add fused
  for (int i = 0; i < n; ++i)
    values.push_back(i < n / 2 ? std::fma(step, static_cast<float>(i), first)
                               : std::fma(-step, static_cast<float>(n - 1 - i), last));
  return values;
}

float_schedule::float_schedule() {
  const dpm_process process;
  times_ = float_linspace(0, static_cast<float>(process.start_time()), dpm_process::kept + 1);
  times_.erase(times_.begin());
  std::vector<double> table(static_cast<std::size_t>(process.table_size()));
  process.fill_table(table.data());
  for (int i = 0; i < dpm_process::kept; ++i)
    log_alphas_.push_back(static_cast<float>(table[static_cast<std::size_t>(i)]));
  rising_.assign(log_alphas_.rbegin(), log_alphas_.rend());
  rising_times_.assign(times_.rbegin(), times_.rend());
}

float float_schedule::log_alpha(float t) const { return interpolate(t, times_, log_alphas_); }

float float_schedule::lambda(float t) const {
  const float value = log_alpha(t);
  return value - 0.5f * std::log(1 - std::exp(2 * value));
}

float float_schedule::time_of(float lambda) const {
  const float exponent = -2 * lambda;
  const float sum = std::max(exponent, 0.0f) + std::log1p(std::exp(-std::fabs(exponent)));
  return interpolate(-0.5f * sum, rising_, rising_times_);
}

ardent::node float_schedule::at(float t) const {
  const float value = log_alpha(t);
  const float alpha = std::exp(value), sigma = std::sqrt(1 - std::exp(2 * value));
  const double signal = static_cast<double>(alpha);
  return {static_cast<double>(t * static_cast<float>(train_timesteps)),
          signal * signal,
          signal,
          static_cast<double>(sigma),
          0,
          0,
          static_cast<double>(t)};
}

}  // namespace examples::replay
