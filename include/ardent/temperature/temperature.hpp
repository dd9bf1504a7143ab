// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a temperature policy is, and its forms: none, constant, and scheduled over AR progress.

#include <ardent/detail/math.hpp>
#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>

#include <concepts>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief A temperature: the factor on the noise that denoising steps add (not on the starting noise).
///
/// - `scales_noise`: false if the factor is always 1.
/// - `factor(progress)`: the factor at an AR step, at least 0.
template <class T>
concept temperature_policy = requires(T const& t, ar_progress const& p) {
  { T::scales_noise } -> std::convertible_to<bool>;
  { t.factor(p) } -> std::same_as<double>;
};

namespace detail {

constexpr void check_temperature(double value) {
  if (!(value >= 0 && value <= 1e6))
    throw std::invalid_argument("ardent::temperature: expected a temperature in [0, 1e6], found " +
                                std::to_string(value));
}

/// Two temperatures.
template <auto From, auto To>
class temperature_range {
 public:
  static constexpr bool scales_noise = true;  ///< the noise is scaled

  constexpr temperature_range() = default;
  constexpr temperature_range(double from, double to) : from_(from), to_(to) { validate(); }
  /// @brief Refuses temperatures out of range. @throws std::invalid_argument
  constexpr void validate() const {
    check_temperature(from_.get());
    check_temperature(to_.get());
  }

 protected:
  /// The temperature a share of the way from one to the other; the share is a quotient.
  constexpr double at(double share, int of = 1) const { return from_.get() + (to_.get() - from_.get()) * share / of; }

 private:
  [[no_unique_address]] number<double, From> from_;
  [[no_unique_address]] number<double, To> to_;
};

}  // namespace detail

namespace temperature {

/// @brief Temperature 1. The default of a sampler.
struct none {
  static constexpr bool scales_noise = false;  ///< the noise stays as it is
  /// @brief 1.
  constexpr double factor(ar_progress const&) const { return 1; }
};

/// @brief The same temperature at every AR step. Source: MAR (arXiv 2406.11838), section 3.2.
/// @tparam Value  at least 0, or `dynamic`
template <auto Value = dynamic>
class constant {
 public:
  static constexpr bool scales_noise = true;  ///< the noise is scaled

  constexpr constant() = default;
  /// @throws std::invalid_argument if it is negative or not a number
  constexpr explicit constant(double value) : value_(value) { validate(); }
  /// @brief Refuses a temperature out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::check_temperature(value_.get()); }
  /// @brief The temperature, whatever the progress.
  constexpr double factor(ar_progress const&) const { return value_.get(); }

 private:
  [[no_unique_address]] number<double, Value> value_;
};

constant(double) -> constant<dynamic>;

/// @brief From one temperature at the first AR step to another at the last, linearly in the AR step.
/// @tparam From  at the first AR step, at least 0, or `dynamic`
/// @tparam To    at the last, or `dynamic`
template <auto From = dynamic, auto To = dynamic>
class linear : public detail::temperature_range<From, To> {
 public:
  constexpr linear() = default;
  /// @throws std::invalid_argument if one is negative or not a number
  constexpr linear(double from, double to) : detail::temperature_range<From, To>(from, to) {}
  /// @brief The temperature of an AR step; of a single one, the first.
  constexpr double factor(ar_progress const& p) const {
    return this->at(p.ar_step, p.ar_steps == 1 ? 1 : p.ar_steps - 1);
  }
};

linear(double, double) -> linear<dynamic, dynamic>;

/// @brief from + (to - from) s / n at AR step s of n: a step behind the last it would be `to`.
/// Source: published code of FAR (arXiv 2503.05305), masked variant, from 0.85.
/// @tparam From  at the first AR step, at least 0, or `dynamic`
/// @tparam To    at AR step n, or `dynamic`
template <auto From = dynamic, auto To = dynamic>
class linear_open : public detail::temperature_range<From, To> {
 public:
  constexpr linear_open() = default;
  /// @throws std::invalid_argument if one is negative or not a number
  constexpr linear_open(double from, double to) : detail::temperature_range<From, To>(from, to) {}
  /// @brief The temperature of an AR step.
  constexpr double factor(ar_progress const& p) const { return this->at(p.ar_step, p.ar_steps); }
};

linear_open(double, double) -> linear_open<dynamic, dynamic>;

/// @brief from + (to - from) (1 - cos(pi/2 (s + 1) / n)) at AR step s of n: slowly at first, and `to` at the last.
/// Source: published code of FAR (arXiv 2503.05305), variant without masks, from 0.8 to 1.
/// @tparam From  before the first AR step, at least 0, or `dynamic`
/// @tparam To    at the last, or `dynamic`
template <auto From = dynamic, auto To = dynamic>
class cosine : public detail::temperature_range<From, To> {
 public:
  constexpr cosine() = default;
  /// @throws std::invalid_argument if one is negative or not a number
  constexpr cosine(double from, double to) : detail::temperature_range<From, To>(from, to) {}
  /// @brief The temperature of an AR step.
  constexpr double factor(ar_progress const& p) const {
    return this->at(1 - detail::cos(detail::pi / 2 * (p.ar_step + 1) / p.ar_steps));
  }
};

cosine(double, double) -> cosine<dynamic, dynamic>;

}  // namespace temperature
}  // namespace v0
}  // namespace ardent
