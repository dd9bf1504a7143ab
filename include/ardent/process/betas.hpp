// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A discrete noise process from a user's own betas.

#include <ardent/process/process.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief The variance-preserving process of given betas. Dynamic only.
class betas {
 public:
  static constexpr bool discrete_time = true;                        ///< times are training steps
  static constexpr path_kind path = path_kind::variance_preserving;  ///< alpha^2 + sigma^2 = 1

  /// @param values  one beta, in (0, 1], for each training step; at least one
  /// @throws std::invalid_argument if there is none, or one is outside
  explicit betas(std::vector<double> values) : values_(std::move(values)) {
    if (values_.empty()) throw std::invalid_argument("ardent::process::betas: expected at least one beta, found none");
    for (std::size_t i = 0; i < values_.size(); ++i)
      if (!(values_[i] > 0 && values_[i] <= 1))
        throw std::invalid_argument("ardent::process::betas: expected betas in (0, 1], found " +
                                    std::to_string(values_[i]) + " at step " + std::to_string(i));
  }

  /// @brief T.
  int train_timesteps() const { return static_cast<int>(values_.size()); }
  int table_size() const { return train_timesteps(); }  ///< T
  /// @brief alphas_cumprod, T values.
  void fill_table(double* alphas_cumprod) const {
    detail::fill_alphas_cumprod(alphas_cumprod, train_timesteps(),
                                [&](int i) { return values_[static_cast<std::size_t>(i)]; });
  }
  /// @brief The node at training step `t`, in [0, T).
  node at(double const* alphas_cumprod, int t) const { return variance_preserving_node(t, alphas_cumprod[t]); }

 private:
  std::vector<double> values_;
};

}  // namespace process
}  // namespace v0
}  // namespace ardent
