// SPDX-License-Identifier: Apache-2.0
//
// The body of draw(): the one place where what was chosen at run time meets typed samplers. Four of them for each
// storage: with and without guidance, with and without a learned variance. Included by the files that instantiate it.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/generate.hpp>
#include <ardent/guidance/none.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/random/philox.hpp>

#include "common/host_executor.hpp"
#include "drawing.hpp"

namespace examples::mar {

/// @brief Draws all images with one sampler, batch after batch.
template <class Sampler, class Storage>
drawing draw_with(Sampler const& sampler, checkpoint const& trained, adaln_head<Storage> const& head,
                  request const& what) {
  host_executor const executor(what.threads);
  drawing result;
  result.nfe = sampler.nfe();
  result.token_nfe = sampler.token_nfe();
  result.branches = Sampler::branches;
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    result.steps.push_back(sampler.effective_steps(i));
    result.ar_tokens.push_back(sampler.tokens(i));
  }
  std::size_t const image_floats =
      static_cast<std::size_t>(trained.sizes().seq_len()) * static_cast<std::size_t>(trained.sizes().token_channels());
  result.tokens.resize(what.labels.size() * image_floats);

  auto const watch = [&](ardent::ar_step_report const& report) {
    what.watch(report.ar_step, report.rows, report.effective_steps);
  };
  auto const start = std::chrono::steady_clock::now();
  for (std::size_t first = 0; first < what.labels.size();) {
    std::size_t const count = std::min(static_cast<std::size_t>(what.batch), what.labels.size() - first);
    auto const labels = std::span(what.labels).subspan(first, count);
    model<Storage> images(trained.network(), head, {labels.begin(), labels.end()}, executor.threads());
    timed_model timed(images, result.backbone_seconds);
    ardent::generate(sampler, timed, executor, ardent::random::philox(what.seed),
                     {static_cast<int>(count), static_cast<std::uint32_t>(first)},
                     std::span(result.tokens).subspan(first * image_floats, count * image_floats), watch);
    first += count;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

template <class Storage>
drawing draw(checkpoint const& trained, request const& what) {
  adaln_head<Storage> const head = trained.head<Storage>();
  plan const& how = what.how;
  ardent::ordering::masked const ordering(trained.sizes().seq_len(), static_cast<int>(how.steps.size()));
  // a list given by hand may rise
  ardent::annealing::rising const annealing(ardent::annealing::table<ardent::dynamic>(how.steps));
  ardent::temperature::constant const temperature(how.temperature);
  return std::visit(
      [&](auto const& solver) {
        if (how.guidance) {
          return draw_with(ardent::make_sampler(ordering, annealing, solver, temperature, *how.guidance), trained, head,
                           what);
        }
        return draw_with(ardent::make_sampler(ordering, annealing, solver, temperature), trained, head, what);
      },
      how.solver);
}

}  // namespace examples::mar
