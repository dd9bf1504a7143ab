// SPDX-License-Identifier: Apache-2.0
//
// The one place where what was chosen at run time meets typed samplers: with and without guidance, for both ways in
// which a backbone keeps its matrices.
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/generate.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/random/philox.hpp>
#include <chrono>
#include <span>

#include "common/network/host_executor.hpp"
#include "common/network/timed_model.hpp"
#include "drawing.hpp"

namespace examples::harmon {
namespace {

template <class Sampler, class Storage>
drawing_cost draw_with(Sampler const& sampler, backbone<Storage> const& network, checkpoint const& trained,
                       request const& what) {
  drawing_cost cost = planned_cost(sampler);
  if (what.only.empty()) return cost;
  host_executor const executor(what.threads);
  adaln_head<float> const head(trained.head());
  positions const places(trained.sizes(), trained.network(), what.of);
  token_room room(what.prompts.size(), static_cast<std::size_t>(what.batch),
                  static_cast<std::size_t>(sampler.sequence_length()) *
                      static_cast<std::size_t>(trained.sizes().mar.token_channels()),
                  what.take);
  auto const watch = [&](ardent::ar_step_report const& report) {
    what.watch(report.ar_step, report.rows, report.effective_steps);
  };
  auto const start = std::chrono::steady_clock::now();
  for (image_range const& batch : batches_of(what.only, what.batch)) {
    auto const first = static_cast<std::size_t>(batch.first), count = static_cast<std::size_t>(batch.count);
    auto const prompts = std::span(what.prompts).subspan(first, count);
    std::vector<prompt> const unconditional(Sampler::guided ? count : 0, what.unconditional);
    model<Storage, float> drawn(network, places, head, {prompts.begin(), prompts.end()}, unconditional, executor);
    timed_model timed(drawn, cost.backbone_seconds, &cost.nonfinite);
    ardent::generate(sampler, timed, executor, ardent::random::philox(what.seed),
                     {batch.count, static_cast<std::uint32_t>(first)}, room.of(first, count), watch);
    room.finished(first, count);
  }
  cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() - room.seconds();
  return cost;
}

template <class Storage>
drawing_cost draw_as(checkpoint const& trained, request const& what) {
  backbone<Storage> const network(trained.sizes(), trained.network());
  auto const with = [&](auto const&... guidance) {
    return draw_with(
        ardent::make_sampler(
            ardent::ordering::masked(what.of.tokens(), static_cast<int>(what.steps.size())),
            ardent::annealing::rising(ardent::annealing::table<ardent::dynamic>(what.steps)),  // given by hand, it may
            ardent::grid::clip(ardent::grid::respaced{}, trained.sizes().max_timestep), mar::learned_ddpm(),
            ardent::temperature::constant(what.temperature), guidance...),
        network, trained, what);
  };
  return what.guidance ? with(*what.guidance) : with();
}

}  // namespace

drawing_cost draw(checkpoint const& trained, request const& what) {
  return what.bfloat16 ? draw_as<ardent::bfloat16>(trained, what) : draw_as<float>(trained, what);
}

}  // namespace examples::harmon
