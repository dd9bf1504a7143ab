// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Numbers of a policy: a template argument, or `dynamic` and given at run time (as mdspan's extents are).

#include <ardent/config.hpp>

#include <stdexcept>
#include <string>
#include <type_traits>

namespace ardent {
inline namespace v0 {

/// @brief The type of `dynamic`.
struct dynamic_t {
  /// @brief All are alike; a template argument's type has to be comparable.
  friend constexpr bool operator==(dynamic_t, dynamic_t) = default;
};

/// @brief Stands in a policy's template argument list for a number that is given to the constructor instead.
///
/// `annealing::linear<50, 5>` bakes its tables into the program; `annealing::linear<dynamic, dynamic>{50, 5}`
/// computes the same tables by the same functions when it is constructed.
inline constexpr dynamic_t dynamic{};

/// @brief A number of type T that is known at compile time: an empty type.
/// @tparam T      the arithmetic type that users of the number see
/// @tparam Value  its value, or `dynamic` (see the specialisation)
template <class T, auto Value>
struct number {
  static_assert(
      std::is_arithmetic_v<decltype(Value)>,
      "ardent::number: the template argument is not a number. Give an integer, a double, or ardent::dynamic.");
  static_assert(Value != Value || static_cast<decltype(Value)>(static_cast<T>(Value)) == Value,
                "ardent::number: the template argument is not a value of the number's type: a fraction for a number of "
                "tokens or steps, say. Give an integer.");
  constexpr number() = default;
  /// @brief Accepts the value it already has, so that generic code can pass one.
  /// @throws std::invalid_argument if `given` is another value
  constexpr number(T given) {
    if (given != static_cast<T>(Value))
      throw std::invalid_argument("ardent::number: expected the compile-time value " +
                                  std::to_string(static_cast<T>(Value)) + ", found " + std::to_string(given));
  }
  /// @brief The value.
  ARDENT_HD constexpr T get() const { return static_cast<T>(Value); }
};

/// @brief A number of type T given at run time. It has no default: a policy with one is constructed with it.
template <class T>
struct number<T, dynamic> {
  T value;                                     ///< the value; public so that policies stay structural
  constexpr number(T given) : value(given) {}  ///< any value
  /// @brief The value.
  ARDENT_HD constexpr T get() const { return value; }
};

/// @brief True for a policy all of whose numbers are template arguments: it is empty, and its tables are computed by
/// the compiler.
template <class Policy>
inline constexpr bool is_static = std::is_empty_v<Policy> && std::is_default_constructible_v<Policy>;

namespace detail {

/// Calls a policy's `validate()`, which throws std::invalid_argument if its numbers are out of range, if it has one.
/// Constructors call it for numbers given at run time; in_range has the compiler call it for template arguments.
template <class Policy>
constexpr void validate_policy(Policy const& policy) {
  if constexpr (requires { policy.validate(); }) policy.validate();
}

/// False if the compiler knows that a policy's numbers are out of range.
template <class Policy>
concept in_range = !is_static<Policy> || requires { typename std::bool_constant<(validate_policy(Policy()), true)>; };

}  // namespace detail

}  // namespace v0
}  // namespace ardent
