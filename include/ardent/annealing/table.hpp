// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A step count for every AR step, given one by one (for example by a calibration).

#include <ardent/annealing/annealing.hpp>
#include <ardent/number.hpp>

#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace annealing {

/// @brief The i-th number is the number of denoising steps of AR step i.
/// @tparam Steps  one number, at least 1, for each AR step of the ordering; or a single `dynamic`
template <auto... Steps>
class table {
  static_assert(sizeof...(Steps) > 0,
                "ardent::annealing::table: it is empty. Give one number of steps for each AR step, or one "
                "ardent::dynamic.");

 public:
  /// @brief Number of AR steps this table is for.
  static constexpr int ar_steps() { return static_cast<int>(sizeof...(Steps)); }

  /// @brief Steps at AR step `ar_step`, in [0, ar_steps()).
  constexpr int steps(int ar_step, int /*ar_steps*/) const {
    constexpr int values[] = {static_cast<int>(Steps)...};
    return values[ar_step];
  }
};

/// @brief The same with numbers given at run time.
template <>
class table<dynamic> {
 public:
  /// @param steps  one number, at least 1, for each AR step
  /// @throws std::invalid_argument if it is empty or a number is below 1
  explicit table(std::vector<int> steps) : steps_(std::move(steps)) {
    if (steps_.empty())
      throw std::invalid_argument("ardent::annealing::table: expected one number for each AR step, found none");
    for (const int k : steps_) detail::check_annealing_bounds("table", k, k);
  }

  /// @brief Number of AR steps this table is for.
  int ar_steps() const { return static_cast<int>(steps_.size()); }

  /// @brief Steps at AR step `ar_step`, in [0, ar_steps()).
  int steps(int ar_step, int /*ar_steps*/) const { return steps_[static_cast<std::size_t>(ar_step)]; }

 private:
  std::vector<int> steps_;
};

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
