// SPDX-License-Identifier: Apache-2.0
//
// Measuring a system, whichever it is; each is compiled by itself, as all of its sampling is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/program/annealing_words.hpp"
#include "common/program/model_files.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "real_images.hpp"

namespace examples::profile {

/// @brief Real images as tokens, or only labels to draw.
/// @throws input_error if there are no images, or the model does not draw pixels
[[nodiscard]] known_images known_of(options const& o, patch_layout const& patches,
                                    std::optional<pixel_map> const& pixels, int class_num,
                                    std::filesystem::path const& config);

/// @brief Prints what the draws of a measurement sum up to, before any is made.
void print_plan(options const& o, int ar_steps);
/// @brief Prints what is being measured.
void print_stage(std::string const& what);

/// @brief Measures one system.
/// @param prediction  what its predictability is about, in words
template <class System>
measurements run(options const& o, System const& system, known_images const& known, std::string const& prediction) {
  settings how = o.how;
  how.annealed = make_steps("", o.annealed, system.ar_steps());
  print_plan(o, system.ar_steps());
  measuring<System> measure(system, how, print_stage);
  measurements all;
  all.system = o.system;
  all.prediction = prediction;
  all.prefixes = o.own_prefixes ? "none" : "test images";
  all.guidance_scale = o.guidance_scale;
  all.how = how;
  all.rows = measure(known);
  return all;
}

/// @brief What a flow's predictability is about.
inline constexpr char const* flow_prediction = "token from noise by one step, x_1 - v(x_1, t = 1)";

/// @brief Measures a MAR. @throws input_error if its files or --ar-steps are wrong
[[nodiscard]] measurements run_mar(options const& o, model_files const& files);
/// @brief Measures a FlowAR. @throws input_error if its files are wrong
[[nodiscard]] measurements run_flowar(options const& o, model_files const& files);
/// @brief Measures an xAR. @throws input_error if its files are wrong
[[nodiscard]] measurements run_xar(options const& o, model_files const& files);

}  // namespace examples::profile
