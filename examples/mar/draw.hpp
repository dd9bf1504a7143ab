// SPDX-License-Identifier: Apache-2.0
//
// The bodies of draw() and of what it shares with draw_cached(). Included by the files that instantiate them.
#pragma once

#include <algorithm>
#include <chrono>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <ardent/generate.hpp>
#include <ardent/random/philox.hpp>

#include "cached_model.hpp"
#include "common/network/host_executor.hpp"
#include "drawing.hpp"
#include "samplers.hpp"

namespace examples::mar {

/// @brief Draws all images with one sampler, batch after batch.
/// @param make_model makes an ardent::ar_model from a batch's labels and the number of threads
template <class Sampler, class MakeModel>
drawing draw_batches(Sampler const& sampler, checkpoint const& trained, request const& what,
                     MakeModel const& make_model) {
  host_executor const executor(what.threads);
  trained.network().pack(what.backbone);  // before time is taken
  drawing result{planned_cost(sampler), {}};
  token_room room = room_for(what, trained.sizes());

  auto const watch = [&](ardent::ar_step_report const& report) {
    what.watch(report.ar_step, report.rows, report.effective_steps);
  };
  auto const start = std::chrono::steady_clock::now();
  for (image_range const& batch : what.batches()) {
    auto const first = static_cast<std::size_t>(batch.first), count = static_cast<std::size_t>(batch.count);
    auto const labels = std::span(what.labels).subspan(first, count);
    auto images = make_model(std::vector<int>(labels.begin(), labels.end()), executor.threads());
    timed_model timed(images, result.backbone_seconds, &result.nonfinite);
    ardent::generate(sampler, timed, executor, ardent::random::philox(what.seed),
                     {batch.count, static_cast<std::uint32_t>(first)}, room.of(first, count), watch);
    room.finished(first, count);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() - room.seconds();
  result.tokens = std::move(room).kept();
  return result;
}

/// @brief The same without caches.
template <class Sampler, class Storage>
drawing draw_with(Sampler const& sampler, checkpoint const& trained, adaln_head<Storage> const& head,
                  request const& what) {
  return draw_batches(sampler, trained, what, [&](std::vector<int> labels, int workers) {
    return model<Storage>(trained.network(), head, std::move(labels), workers, what.backbone);
  });
}

template <class Storage>
drawing draw(checkpoint const& trained, request const& what) {
  if (what.cache.in_head()) throw std::invalid_argument("mar::draw: caches of the head; draw_cached() has them");
  adaln_head<Storage> const head = trained.head<Storage>();
  return with_sampler(what.how, trained.sizes().seq_len(), [&]<class Sampler>(Sampler const& sampler) {
    if (!what.cache.tokens) return draw_with(sampler, trained, head, what);
    return draw_batches(sampler, trained, what, [&](std::vector<int> labels, int workers) {
      return cached_model<Storage, false>(trained.network(), head, std::move(labels), Sampler::branches, workers,
                                          what.cache, what.backbone);
    });
  });
}

}  // namespace examples::mar
