// SPDX-License-Identifier: Apache-2.0
//
// Draws images of a MAR checkpoint in batches and keeps count of what it cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "caching.hpp"
#include "checkpoint.hpp"
#include "common/network/timed_model.hpp"
#include "common/program/drawing_cost.hpp"
#include "common/program/image_range.hpp"
#include "model.hpp"
#include "plan.hpp"

namespace examples::mar {

/// @brief What to draw, and where.
struct request {
  plan how;                                      ///< the sampler
  std::vector<int> labels;                       ///< one for each image of the whole drawing
  std::optional<std::vector<image_range>> only;  ///< which of them, in increasing order; nothing: all
  std::uint64_t seed = 0;  ///< of all randomness; with it, image i is the same however it is drawn
  int batch = 16;          ///< images at a time, at least 1
  int threads = 0;         ///< 0: as many as the machine has; on the host
  matrix_format backbone = matrix_format::float32;  ///< how the transformer keeps its matrices; on the host
  caches cache;                                     ///< what is taken over from earlier steps; on the host
  /// @brief Called after each AR step of each batch: AR step, tokens drawn in it, denoising steps it took.
  std::function<void(int, int, int)> watch = [](int, int, int) {};
  token_taker take;  ///< takes the images of each batch; nobody: the drawing keeps them

  /// @brief The batches, in order.
  [[nodiscard]] std::vector<image_range> batches() const {
    return batches_of(only.value_or(std::vector<image_range>{{0, static_cast<int>(labels.size())}}), batch);
  }
};

/// @brief Images as tokens, and their cost.
struct drawing : drawing_cost {
  std::vector<float> tokens;  ///< [images][seq_len][token_channels]; none if the request has somebody take them
};

/// @brief What each image of a request takes, without drawing one.
[[nodiscard]] drawing_cost cost_of(request const& what, config const& sizes);

/// @brief Draws images, with a cache of tokens or without.
/// @tparam Storage how the head keeps its weights: float, ardent::bfloat16 or ardent::int8_weight
/// @throws std::invalid_argument if the model does not fit the plan, or a cache has a part in the head, before the
/// first
///   AR step
template <class Storage>
[[nodiscard]] drawing draw(checkpoint const& trained, request const& what);

extern template drawing draw<float>(checkpoint const&, request const&);
extern template drawing draw<ardent::bfloat16>(checkpoint const&, request const&);
extern template drawing draw<ardent::int8_weight>(checkpoint const&, request const&);

/// @brief The same with any of the caches.
template <class Storage>
[[nodiscard]] drawing draw_cached(checkpoint const& trained, request const& what);

extern template drawing draw_cached<float>(checkpoint const&, request const&);
extern template drawing draw_cached<ardent::bfloat16>(checkpoint const&, request const&);
extern template drawing draw_cached<ardent::int8_weight>(checkpoint const&, request const&);

}  // namespace examples::mar
