// SPDX-License-Identifier: Apache-2.0
//
// The command line of the programs of common/program/generator.hpp: what all of them have, and a system's own options.
#pragma once

#include <concepts>
#include <optional>
#include <string>

#include "command_line.hpp"
#include "drawing_options.hpp"

namespace examples {

/// @brief A system's name and its own options; its model is not needed for them.
///
/// - `name`, `summary`, `shipped`: the program's name, its help's first line, and the folder of its model in models/.
/// - `choices`: what its own options choose. `add_options(app, choices)` declares them, `check(choices)` throws an
///   input_error where one is wrong by itself.
template <class O>
concept generator_options = std::default_initializable<typename O::choices> &&
                            requires(CLI::App& app, typename O::choices& choices, typename O::choices const& chosen) {
                              { O::name } -> std::convertible_to<std::string>;
                              { O::summary } -> std::convertible_to<std::string>;
                              { O::shipped } -> std::convertible_to<std::string>;
                              O::add_options(app, choices);
                              O::check(chosen);
                            };

/// @brief What the user asked for, each option checked by itself.
template <generator_options O>
struct generator_choices {
  drawing_options drawing;  ///< by the options of all such programs
  typename O::choices own;  ///< by the system's own
};

/// @brief Reads the command line.
/// @return nothing if only help was asked for; it is printed then
/// @throws input_error naming the option that is unknown, lacks its value or has a wrong one
template <generator_options O>
[[nodiscard]] std::optional<generator_choices<O>> read_generator_options(int argc, char** argv) {
  generator_choices<O> given;
  CLI::App app(O::summary, O::name);
  add_model_options(app, given.drawing, O::shipped);
  add_label_options(app, given.drawing);
  O::add_options(app, given.own);
  add_machine_options(app, given.drawing);
  add_output_options(app, given.drawing, O::name);
  if (!parse_drawing_options(app, given.drawing, argc, argv)) return std::nullopt;
  check_sharded_outputs(given.drawing);
  O::check(given.own);
  return given;
}

}  // namespace examples
