// SPDX-License-Identifier: Apache-2.0
//
// The one place where what was chosen at run time meets typed samplers. Four of them for each storage of the head: with
// and without guidance, with and without a learned variance.
#pragma once

#include <variant>

#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/guidance/none.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/sampler.hpp>

#include "drawing.hpp"

namespace examples::mar {

/// @brief f(sampler) with the sampler of a plan.
/// @param tokens of an image
/// @return what f returns
template <class F>
drawing with_sampler(plan const& how, int tokens, F const& f) {
  ardent::ordering::masked const ordering(tokens, static_cast<int>(how.steps.size()));
  // a list given by hand may rise
  ardent::annealing::rising const annealing(ardent::annealing::table<ardent::dynamic>(how.steps));
  ardent::temperature::constant const temperature(how.temperature);
  return std::visit(
      [&](auto const& solver) {
        if (how.guidance) return f(ardent::make_sampler(ordering, annealing, solver, temperature, *how.guidance));
        return f(ardent::make_sampler(ordering, annealing, solver, temperature));
      },
      how.solver);
}

/// @brief A drawing that is still to be drawn: what a sampler will take, and room for the tokens.
template <class Sampler>
drawing planned_drawing(Sampler const& sampler, config const& sizes, std::size_t images) {
  drawing result;
  result.nfe = sampler.nfe();
  result.token_nfe = sampler.token_nfe();
  result.branches = Sampler::branches;
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    result.steps.push_back(sampler.effective_steps(i));
    result.ar_tokens.push_back(sampler.tokens(i));
  }
  result.tokens.resize(images * static_cast<std::size_t>(sizes.seq_len()) *
                       static_cast<std::size_t>(sizes.token_channels()));
  return result;
}

}  // namespace examples::mar
