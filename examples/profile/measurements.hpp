// SPDX-License-Identifier: Apache-2.0
//
// What the program profile measures, AR step by AR step.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace examples::profile {

/// @brief How much is measured. More is slower and less noisy.
struct settings {
  int images = 16;                              ///< prefixes for variance and straightness
  int error_images = 4;                         ///< prefixes for sampling errors, at most `images`
  int draws = 100;                              ///< of each token, for its variance
  int error_draws = 256;                        ///< of each token, for energy distances
  int pairs = 600;                              ///< images for predictability; a quarter of them is held out
  int steps = 50;                               ///< denoising steps of variance and straightness
  std::vector<int> error_steps{5, 10, 20, 50};  ///< K whose error is measured
  int reference_steps = 200;                    ///< K that they are compared with
  std::vector<int> annealed;                    ///< of the drawing that is timed, one for each AR step
  std::uint64_t seed = 0;                       ///< of all randomness
  int threads = 0;                              ///< 0: all
};

/// @brief The token variance of an AR step; see ardent::diagnostics::token_variance.
struct variance_row {
  double share = 0;         ///< of the marginal variance
  double variance = 0;      ///< not normalised
  double background = 0;    ///< of positions that hardly vary
  int rows = 0;             ///< tokens that vary
  int background_rows = 0;  ///< tokens of positions that hardly vary
};

/// @brief Straightness on a path; see ardent::diagnostics::straightness.
struct straightness_row {
  double score = 0;     ///< u = score
  double velocity = 0;  ///< u = velocity
};

/// @brief The error of K denoising steps.
struct error_row {
  int steps = 0;        ///< K
  double energy = 0;    ///< energy distance to the reference steps
  double mean = 0;      ///< root mean square difference of the tokens' means
  double variance = 0;  ///< root mean square difference of their variances
};

/// @brief The difference of K and 2 K steps of the deterministic solver from the same start.
struct halving_row {
  int steps = 0;        ///< K
  double distance = 0;  ///< root mean square over tokens
};

/// @brief An AR step.
struct ar_step_row {
  int ar_step = 0;                                ///< which
  int tokens = 0;                                 ///< drawn for each image
  int known = 0;                                  ///< before it
  std::optional<variance_row> real;               ///< after prefixes of real images
  variance_row generated;                         ///< after prefixes that the model drew
  straightness_row ode, own;                      ///< on the path of the probability-flow ODE, and of the sampler
  std::optional<double> predictability;           ///< R^2 on images held out
  std::vector<error_row> errors;                  ///< of the sampler; empty if it adds no noise
  double floor = 0;                               ///< energy distance of two sets of reference draws
  std::vector<halving_row> halving;               ///< of the ODE
  double sensitivity = 1;                         ///< how much larger a change of its tokens is in the whole image
  int timed_steps = 0;                            ///< denoising steps of the drawing that was timed
  double head_seconds = 0, backbone_seconds = 0;  ///< of that drawing, for all images
};

/// @brief All of it.
struct measurements {
  std::string system, model, prefixes;  ///< "mar", the weights' name, what real prefixes are
  std::string prediction;               ///< what predictability is of
  settings how;                         ///< how much was measured
  double guidance_scale = 1;            ///< of the sampler
  std::vector<ar_step_row> rows;        ///< by AR step
};

/// @brief As JSON, under the names above.
[[nodiscard]] nlohmann::json to_json(measurements const& all);

/// @brief Prints a table to standard output.
void print_table(measurements const& all);

/// @brief Plots them with gnuplot.
/// @param stem  STEM.svg and STEM.png are written
/// @throws input_error if gnuplot is not there or fails, or a file cannot be written
void plot(measurements const& all, std::string const& stem);

}  // namespace examples::profile
