// SPDX-License-Identifier: Apache-2.0
//
// The one place where what was chosen at run time meets typed samplers. Four of them for each storage of the head: with
// and without guidance, with and without a learned variance.
#pragma once

#include <cstddef>
#include <variant>

#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/respaced.hpp>
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
  ardent::grid::clip const grid(ardent::grid::respaced{}, how.clip);
  ardent::temperature::constant const temperature(how.temperature);
  return std::visit(
      [&](auto const& solver) {
        if (how.guidance) return f(ardent::make_sampler(ordering, annealing, grid, solver, temperature, *how.guidance));
        return f(ardent::make_sampler(ordering, annealing, grid, solver, temperature));
      },
      how.solver);
}

/// @brief Room for what a request is going to draw.
[[nodiscard]] inline token_room room_for(request const& what, config const& sizes) {
  return {what.labels.size(), static_cast<std::size_t>(what.batch),
          static_cast<std::size_t>(sizes.seq_len()) * static_cast<std::size_t>(sizes.token_channels()), what.take};
}

}  // namespace examples::mar
