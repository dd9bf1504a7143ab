// SPDX-License-Identifier: Apache-2.0
//
// Guidance of systems whose AR steps are whole maps or cells, as a user writes it.
#pragma once

#include <ardent/guidance/constant.hpp>
#include <ardent/guidance/linear_by_step.hpp>

#include <optional>
#include <string>
#include <variant>

namespace examples {

/// @brief A guidance policy: one of those with two branches, chosen at run time.
class step_guidance {
 public:
  static constexpr bool guided = true;

  /// @brief The choices.
  using choice =
      std::variant<ardent::guidance::linear_by_step<ardent::dynamic>, ardent::guidance::constant<ardent::dynamic>>;

  explicit step_guidance(choice chosen) : chosen_(chosen) {}

  /// @brief The chosen guidance's scale.
  [[nodiscard]] double scale(ardent::ar_progress const& progress) const {
    return std::visit([&](auto const& guidance) { return guidance.scale(progress); }, chosen_);
  }

 private:
  choice chosen_;
};

/// @brief The guidance of this name.
/// @param name none, linear (in the AR step) or constant
/// @param scale guidance_scale, in [0, 1e6]; 1 is no guidance
/// @return nothing if there is no guidance: one branch, half the work
/// @throws input_error if the name is unknown
[[nodiscard]] std::optional<step_guidance> make_step_guidance(std::string const& name, double scale);

}  // namespace examples
