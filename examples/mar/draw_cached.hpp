// SPDX-License-Identifier: Apache-2.0
//
// The body of draw_cached(). Included by the files that instantiate it.
#pragma once

#include <utility>
#include <vector>

#include "cached_model.hpp"
#include "draw.hpp"

namespace examples::mar {

template <class Storage>
drawing draw_cached(checkpoint const& trained, request const& what) {
  adaln_head<Storage> const head = trained.head<Storage>();
  return with_sampler(what.how, trained.sizes().seq_len(), [&]<class Sampler>(Sampler const& sampler) {
    return draw_batches(sampler, trained, what, [&](std::vector<int> labels, int workers) {
      return cached_model<Storage>(trained.network(), head, std::move(labels), Sampler::branches, workers, what.cache,
                                   what.backbone);
    });
  });
}

}  // namespace examples::mar
