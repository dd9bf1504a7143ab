// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Clipping of the predicted clean token.

#include <ardent/number.hpp>

#include <concepts>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief What is done to the predicted clean token.
///
/// - `clips`: false if it is used as it is.
/// - `low()`, `high()`: its bounds otherwise.
template <class C>
concept clipping_policy = requires(C const& c) {
  { C::clips } -> std::convertible_to<bool>;
  { c.low() } -> std::convertible_to<double>;
  { c.high() } -> std::convertible_to<double>;
};

namespace clipping {

/// @brief The prediction is used as it is. The default of a sampler.
struct none {
  static constexpr bool clips = false;         ///< nothing is clipped
  constexpr double low() const { return 0; }   ///< not used
  constexpr double high() const { return 0; }  ///< not used
};

/// @brief x0 is clipped to [Low, High] after guidance was mixed; epsilon, where a solver uses it, is recomputed from
/// the clipped x0.
///
/// Source: DDPM's published sampler ("clip_denoised"); the recomputed epsilon as in improved DDPM's DDIM.
/// @tparam Low   lower bound, or `dynamic`
/// @tparam High  upper bound, at least Low, or `dynamic`
template <auto Low = -1.0, auto High = 1.0>
class x0 {
 public:
  static constexpr bool clips = true;  ///< x0 is clipped

  constexpr x0() = default;
  /// @throws std::invalid_argument unless low <= high
  constexpr x0(double low, double high) : low_(low), high_(high) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    if (!(low() <= high()))
      throw std::invalid_argument("ardent::clipping::x0: expected low <= high, found " + std::to_string(low()) +
                                  " and " + std::to_string(high()));
  }
  constexpr double low() const { return low_.get(); }    ///< lower bound
  constexpr double high() const { return high_.get(); }  ///< upper bound

 private:
  [[no_unique_address]] number<double, Low> low_;
  [[no_unique_address]] number<double, High> high_;
};

x0(double, double) -> x0<dynamic, dynamic>;

}  // namespace clipping
}  // namespace v0
}  // namespace ardent
