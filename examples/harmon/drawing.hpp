// SPDX-License-Identifier: Apache-2.0
//
// Draws images of a Harmon checkpoint in batches and keeps count of what it cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "checkpoint.hpp"
#include "common/program/drawing_cost.hpp"
#include "common/program/image_range.hpp"
#include "mar/plan.hpp"
#include "model.hpp"

namespace examples::harmon {

/// @brief What to draw, and where. The sampler is DDPM with the learned variance, as published.
struct request {
  grid of;                                       ///< tokens of an image
  std::vector<int> steps;                        ///< denoising steps of each AR step; its size is the AR steps
  std::optional<mar::chosen_guidance> guidance;  ///< nothing: one branch
  double temperature = 1.0;                      ///< factor on the noise of the steps
  std::vector<prompt> prompts;                   ///< one for each image of the whole drawing
  std::vector<image_range> only;                 ///< which of them are drawn, in increasing order
  prompt unconditional;                          ///< of the other branch; not read without guidance
  std::uint64_t seed = 0;  ///< of all randomness; with it, image i is the same however it is drawn
  int batch = 4;           ///< images at a time, at least 1
  int threads = 0;         ///< 0: as many as the machine has
  bool bfloat16 = false;   ///< whether the backbone keeps its matrices in half the memory
  /// @brief Called after each AR step of each batch: AR step, tokens drawn in it, denoising steps it took.
  std::function<void(int, int, int)> watch = [](int, int, int) {};
  token_taker take;  ///< takes the images of each batch; has to be there
};

/// @brief Draws images, and hands each batch to request::take.
/// @return what it cost, without the time of who takes them; if nothing is drawn, what an image takes
/// @throws input_error if a prompt is not one of the model's, or too long
/// @throws std::invalid_argument if the request contradicts itself
[[nodiscard]] drawing_cost draw(checkpoint const& trained, request const& what);

}  // namespace examples::harmon
