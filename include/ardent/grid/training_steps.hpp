// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A grid of a user's own training steps.

#include <ardent/grid/grid.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief The training steps as given: the number of steps asked for must be their number.
class training_steps {
 public:
  /// @param values  strictly ascending, at least one, the first at least 0; sampling visits them from the last to the
  ///                first and ends noiseless
  /// @throws std::invalid_argument otherwise
  explicit training_steps(std::vector<int> values) : values_(std::move(values)) {
    if (values_.empty() || values_.front() < 0)
      throw std::invalid_argument(
          "ardent::grid::training_steps: expected at least one training step, none below 0, found " +
          (values_.empty() ? "none" : std::to_string(values_.front())));
    for (std::size_t i = 1; i < values_.size(); ++i)
      if (values_[i] <= values_[i - 1])
        throw std::invalid_argument("ardent::grid::training_steps: expected strictly ascending training steps, found " +
                                    std::to_string(values_[i]) + " after " + std::to_string(values_[i - 1]));
  }

  /// @brief The values.
  /// @param steps            K, the number of training steps given
  /// @param train_timesteps  T
  /// @param out              K integers, ascending
  /// @throws std::invalid_argument for another K, or if a given step is not below T
  void timesteps(int steps, int train_timesteps, int* out) const {
    if (steps != static_cast<int>(values_.size()) || values_.back() >= train_timesteps)
      throw std::invalid_argument("ardent::grid::training_steps: expected to be asked for " +
                                  std::to_string(values_.size()) + " steps of more than " +
                                  std::to_string(values_.back()) + ", found " + std::to_string(steps) + " of " +
                                  std::to_string(train_timesteps));
    for (std::size_t i = 0; i < values_.size(); ++i) out[i] = values_[i];
  }

 private:
  std::vector<int> values_;
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
