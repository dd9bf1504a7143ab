// SPDX-License-Identifier: Apache-2.0
//
// A composition as numbers: drawn from a seed, printed, made into policies, and made smaller when a property fails.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "property/any_policies.hpp"

namespace property {

/// @brief What is drawn and how. Kinds are indices; see catalogue.cpp.
struct composition {
  int ordering = 0, annealing = 0, path = 0, solver = 0, from = 0, guidance = 0, temperature = 0;  ///< kinds
  int length = 1, ar_steps = 1;  ///< tokens and AR steps; kinds with a shape of their own take the nearest
  int upper = 1, lower = 1;      ///< denoising steps
  int scale = 100, heat = 100;   ///< guidance scale and temperature, in hundredths
  int channels = 1, images = 1;  ///< of the tokens, of the batch
  int threads = 1, split = 0;    ///< threads of the executor; images of the first part when the batch is split
  int network = 0;               ///< 0: always says x0 = c, exactly; 1: something bounded
  std::uint64_t seed = 0;        ///< of noise and orders
};

/// @brief A random composition.
composition draw(std::uint64_t seed);
/// @brief Names and numbers, one line.
std::string text_of(composition const& c);

/// @brief Whether tokens come in a random order.
bool permuted(composition const& c);
/// @brief The ordering. @pre permuted(c) == Permuted
template <bool Permuted>
any_ordering<Permuted> ordering_of(composition const& c);
/// @brief Steps of each of so many AR steps.
any_annealing annealing_of(composition const& c, int ar_steps);
/// @brief The nodes: process and grid.
any_grid grid_of(composition const& c);
/// @brief The solver.
any_solver solver_of(composition const& c);
/// @brief Guidance, for guided compositions.
any_guidance guidance_of(composition const& c);
/// @brief Temperature.
any_temperature temperature_of(composition const& c);
/// @brief Whether there are two branches.
bool guided(composition const& c);
/// @brief Whether guidance acts at some times only.
bool guided_at_times(composition const& c);
/// @brief What the network predicts.
ardent::prediction prediction_of(composition const& c);
/// @brief Whether the path is alpha + sigma = 1.
bool linear_path(composition const& c);
/// @brief Whether the solver, adding no noise, keeps a constant x0's straight line exactly.
bool exact_line(composition const& c);
/// @brief Whether the solver takes its last step to sigma = 0 exactly if x0 is constant.
bool exact_end(composition const& c);

/// @brief Why a property fails for a composition; "" if it holds or the library refuses the composition.
using property_check = std::function<std::string(composition const&)>;

/// @brief The smallest composition found for which `check` still fails, beginning with one that does.
composition shrunk(composition c, property_check const& check);

/// @brief A whole number from an environment variable, or `otherwise`.
std::uint64_t number_from(char const* variable, std::uint64_t otherwise);

}  // namespace property
