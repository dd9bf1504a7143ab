// SPDX-License-Identifier: Apache-2.0
//
// Costs in words, and the room of batches.
#include "drawing_cost.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace examples {

void print_cost(drawing_cost const& cost, int images, char const* rest) {
  double const head = cost.seconds - cost.backbone_seconds;
  std::printf("network evaluations: %d over %zu AR steps, %lld for an image's tokens%s\n", cost.nfe, cost.steps.size(),
              cost.token_nfe, cost.branches == 2 ? ", each for two branches" : "");
  std::printf("%.2f s: %.2f s in %s, %.2f s in the backbone; %.2f images/s\n", cost.seconds, head, rest,
              cost.backbone_seconds, images / cost.seconds);
  if (cost.nonfinite > 0) std::printf("%llu outputs of the head were infinite or no numbers\n", cost.nonfinite);
}

token_room::token_room(std::size_t images, std::size_t batch, std::size_t image_floats, token_taker take)
    : image_floats_(image_floats), take_(std::move(take)) {
  tokens_.resize((take_ ? std::min(images, batch) : images) * image_floats);
}

std::span<float> token_room::of(std::size_t first, std::size_t count) {
  return std::span(tokens_).subspan(take_ ? 0 : first * image_floats_, count * image_floats_);
}

void token_room::finished(std::size_t first, std::size_t count) {
  if (!take_) return;
  auto const start = std::chrono::steady_clock::now();
  take_(static_cast<int>(first), of(first, count));
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<float> token_room::kept() && { return take_ ? std::vector<float>() : std::move(tokens_); }

}  // namespace examples
