// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What an acceptance test needs to know of a trajectory, written down while it runs.

#include <ardent/config.hpp>
#include <ardent/detail/float_math.hpp>
#include <ardent/speculative/acceptance.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {

/// @brief A watcher of a trajectory (see no_watcher) that writes, for each number of each token, mean and standard
/// deviation of the last step, and the sum over the other steps of the log of the standard deviation.
///
/// The standard deviation has the temperature in it, the sum has not. All rows must add noise; see
/// solver::ddpm_with_last_noise. Views: [rows of the AR step][channels] each, in memory that the trajectory's threads
/// can write. A number is written by one thread only.
struct last_step_recorder {
  static constexpr bool watches = true;  ///< a watcher

  float* mean = nullptr;       ///< written in the last step
  float* deviation = nullptr;  ///< written in the last step
  float* log_sum = nullptr;    ///< written in every step
  int channels = 0;            ///< numbers of a token

  /// @brief The records of a row.
  ARDENT_INLINE last_step of(std::ptrdiff_t row) const {
    return {mean + row * channels, deviation + row * channels, log_sum + row * channels};
  }

  /// @brief Called by the trajectory: see no_watcher.
  template <class Row, class T>
  ARDENT_INLINE void operator()(Row const& row, int k, int steps, std::ptrdiff_t place, T step_mean, T step_deviation,
                                float half_log) const {
    if (k == 0) log_sum[place] = 0;
    if (k + 1 == steps) {
      mean[place] = static_cast<float>(step_mean);
      deviation[place] = static_cast<float>(step_deviation);
    } else {
      log_sum[place] += half_log + detail::log_float(static_cast<float>(row.noise));
    }
  }
};

}  // namespace v0
}  // namespace ardent
