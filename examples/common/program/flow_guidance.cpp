// SPDX-License-Identifier: Apache-2.0
//
// From words to guidance.
#include "flow_guidance.hpp"

#include "common/error.hpp"

namespace examples {

std::optional<step_guidance> make_step_guidance(std::string const& name, double scale) {
  if (name != "none" && name != "linear" && name != "constant")
    fail("--guidance", "none, linear or constant", "\"" + printable(name, 60) + "\"");
  if (name == "none" || scale == 1.0) return std::nullopt;
  if (name == "linear") return step_guidance(ardent::guidance::linear_by_step<ardent::dynamic>(scale));
  return step_guidance(ardent::guidance::constant<ardent::dynamic>(scale));
}

}  // namespace examples
