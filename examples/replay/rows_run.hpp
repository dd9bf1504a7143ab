// SPDX-License-Identifier: Apache-2.0
//
// The template behind rows.hpp: compiled once for each solver, in a file of its own.
#pragma once

#include "noise.hpp"
#include "policies.hpp"
#include "rows.hpp"
#include "watched.hpp"

#include <ardent/annealing/constant.hpp>
#include <ardent/generate.hpp>
#include <ardent/ordering/raster.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace examples::replay {

/// @brief A model whose conditions are given. Models ardent::ar_model.
template <class Denoiser>
class rows_model {
 public:
  /// @param denoiser  draws the rows
  /// @param problem   has the conditions; outlives the model
  rows_model(Denoiser denoiser, row_problem const& problem) : denoiser_(denoiser), problem_(problem) {}
  /// @brief Each row is a token of the one image.
  [[nodiscard]] int sequence_length() const { return problem_.rows; }
  /// @brief The denoiser.
  [[nodiscard]] Denoiser denoiser() const { return denoiser_; }
  /// @brief Hands out the given conditions of as many branches as are wanted.
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* z) const {
    std::copy_n(problem_.conditions.data(),
                static_cast<std::ptrdiff_t>(view.branches) * problem_.rows * denoiser_.condition_width(), z);
  }

 private:
  Denoiser denoiser_;
  row_problem const& problem_;
};

/// @brief Draws the rows by a sampler of one AR step.
template <class Sampler, class Denoiser>
std::vector<float> run_sampler(row_problem const& problem, Sampler const& sampler, Denoiser denoiser) {
  recorded_noise noise;
  noise.add_step(problem.start);
  noise.read_draws(problem.from.tensors, problem.prefix, problem.rows, denoiser.channels(), noisy_steps(sampler, 0));
  std::vector<float> samples(problem.start.size());
  rows_model<Denoiser> model(denoiser, problem);
  ardent::generate(sampler, model, problem.executor, noise.source(), {1}, samples);
  return samples;
}

/// @brief The sampler of these policies (process, grid, solver, guidance) for the problem's rows and steps.
template <class... Policies>
auto rows_sampler(row_problem const& problem, Policies const&... policies) {
  return ardent::make_sampler(ardent::ordering::raster{problem.rows, 1}, ardent::annealing::constant{problem.steps},
                              policies...);
}

/// @brief Draws the rows by the policies given.
template <class Denoiser, class... Policies>
std::vector<float> run_rows(row_problem const& problem, Denoiser denoiser, Policies const&... policies) {
  return run_sampler(problem, rows_sampler(problem, policies...), denoiser);
}

/// @brief The same by a sampler that evaluates the denoiser at the state once a step, with the states.
template <class Denoiser, class Sampler>
drawn_rows run_watched(row_problem const& problem, Sampler const& sampler, Denoiser denoiser) {
  drawn_rows drawn;
  std::vector<float> sigmas;
  for (auto const& row : sampler.rows(0)) sigmas.push_back(row.sigma);
  drawn.states.resize((sigmas.size() + 1) * problem.start.size());
  drawn.samples = run_sampler(problem, sampler, watched(denoiser, sigmas, drawn.states.data()));
  std::copy(drawn.samples.begin(), drawn.samples.end(),
            drawn.states.end() - static_cast<std::ptrdiff_t>(drawn.samples.size()));
  return drawn;
}

}  // namespace examples::replay
