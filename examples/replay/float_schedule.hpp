// SPDX-License-Identifier: Apache-2.0
//
// The noise schedule of the published DPM-Solver with its rounding: it is a table of floats, and 1 - alpha^2 taken in
// float loses three digits at the clean end, which moves the whole grid that is even in log signal-to-noise ratio.
#pragma once

#include <ardent/process/process.hpp>

#include <vector>

namespace examples::replay {

/// @brief policies.hpp's dpm_process, in float.
class float_schedule {
 public:
  float_schedule();

  /// @brief Time stamps of the training steps, ascending.
  [[nodiscard]] std::vector<float> const& times() const { return times_; }
  /// @brief log alpha at these.
  [[nodiscard]] std::vector<float> const& log_alphas() const { return log_alphas_; }

  /// @brief log(alpha / sigma) at time t.
  [[nodiscard]] float lambda(float t) const;
  /// @brief The time at which it is that.
  [[nodiscard]] float time_of(float lambda) const;
  /// @brief The node at time t.
  [[nodiscard]] ardent::node at(float t) const;

 private:
  [[nodiscard]] float log_alpha(float t) const;

  std::vector<float> times_;
  std::vector<float> log_alphas_;             // descending
  std::vector<float> rising_, rising_times_;  // both turned round
};

/// @brief n numbers from one to another, both included, with the rounding of torch.linspace in float.
[[nodiscard]] std::vector<float> float_linspace(float first, float last, int n);

}  // namespace examples::replay
