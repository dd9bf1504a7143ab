// SPDX-License-Identifier: Apache-2.0
//
// What is shown of a picture, and the transformer's pass over it.
#include "model.hpp"

#include <ardent/ordering/next_frequency.hpp>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/network/resize.hpp"

namespace examples::far {

model::scratch::scratch(mar::backbone const& network, int side, int channels)
    : work(network),
      sequence(network),
      decoded(static_cast<std::size_t>(network.sizes().buffer_size + network.sizes().seq_len()) *
              static_cast<std::size_t>(network.condition_width())),
      z(static_cast<std::size_t>(network.sizes().seq_len()) * static_cast<std::size_t>(network.condition_width())),
      between(static_cast<std::size_t>(side * side * channels)),
      reduced(between.size()) {}

model::model(mar::backbone const& network, head const& of, std::vector<int> labels, std::vector<int> levels,
             variant shows, std::vector<int> orders, int workers)
    : network_(network),
      head_(of),
      labels_(std::move(labels)),
      levels_(std::move(levels)),
      shows_(shows),
      orders_(std::move(orders)),
      positions_(static_cast<std::size_t>(network.sizes().seq_len())) {
  const int channels = network.sizes().token_channels();
  if (of.condition_width() != network.condition_width() || of.shape().channels() != channels)
    throw std::invalid_argument("far::model: expected a head of " + std::to_string(network.condition_width()) +
                                " condition numbers and " + std::to_string(channels) + " channels, found " +
                                std::to_string(of.condition_width()) + " and " + std::to_string(of.shape().channels()));
  for (const int label : labels_)
    if (label >= 0) network.check_label(label);
  const std::size_t tokens = positions_.size() * labels_.size();
  if (orders_.size() != (shows == variant::masked ? tokens : 0))
    throw std::invalid_argument(
        "far::model: expected an order of all positions for each image of the masked variant, "
        "and none else, found " +
        std::to_string(orders_.size()) + " numbers");
  // refuses levels out of range
  static_cast<void>(ardent::ordering::next_frequency(network.sizes().seq_h(), levels_));
  const int side = network.sizes().seq_h();
  for (const int level : levels_)
    if (level > side)
      throw std::invalid_argument("far::model: expected levels up to " + std::to_string(side) +
                                  ", the tokens along a side, found " + std::to_string(level));
  std::iota(positions_.begin(), positions_.end(), 0);
  for (std::size_t i = 0; i < labels_.size() && !orders_.empty(); ++i) {
    std::vector<int> sorted(orders_.begin() + static_cast<std::ptrdiff_t>(i * positions_.size()),
                            orders_.begin() + static_cast<std::ptrdiff_t>((i + 1) * positions_.size()));
    std::sort(sorted.begin(), sorted.end());
    if (sorted != positions_)
      throw std::invalid_argument("far::model: expected orders that have each position once, found another for image " +
                                  std::to_string(i));
  }
  shown_.resize(tokens * static_cast<std::size_t>(channels));
  visible_.resize(tokens);
  for (int i = 0; i < workers; ++i) workers_.emplace_back(network, side, channels);
}

void model::check(ardent::ar_step_view const& view) const {
  if (view.images != images() || view.tokens_per_image != picture_tokens() ||
      view.sequence_length != sequence_length() || view.tokens_known != view.ar_step * picture_tokens() ||
      view.channels != network_.sizes().token_channels())
    throw std::invalid_argument("far::model: expected a batch of " + std::to_string(images()) +
                                " images and an ordering::next_frequency of the model's side and levels");
}

void model::show(ardent::ar_step_view const& view, int image, int worker) {
  const int tokens = picture_tokens(), side = network_.sizes().seq_h(), step = view.ar_step;
  const int n = static_cast<int>(levels_.size());
  const std::ptrdiff_t numbers = static_cast<std::ptrdiff_t>(tokens) * view.channels;
  float* const to = shown_.data() + image * numbers;
  std::uint8_t* const seen = visible_.data() + static_cast<std::ptrdiff_t>(image) * tokens;
  const bool masked = shows_ == variant::masked;
  std::fill_n(seen, tokens, std::uint8_t{1});
  if (step == 0) {
    std::fill_n(to, numbers, 0.0F);
    if (masked) std::fill_n(seen, tokens, std::uint8_t{0});
    return;
  }
  float const* const before =
      view.tokens + (static_cast<std::ptrdiff_t>(image) * view.sequence_length + (step - 1) * tokens) * view.channels;
  if (step == 1 && masked) {
    std::copy_n(before, numbers, to);
  } else {
    const int level = levels_[static_cast<std::size_t>(step)];
    scratch& own = workers_[static_cast<std::size_t>(worker)];
    resize(resize_weights(side, level, side), side, level, view.channels, before, own.between.data(),
           own.reduced.data());
    resize(resize_weights(level, side, side), level, side, view.channels, own.reduced.data(), own.between.data(), to);
  }
  if (!masked) return;
  int const* const order = orders_.data() + static_cast<std::ptrdiff_t>(image) * tokens;
  for (int i = 0; i < ardent::ordering::hidden_tokens(tokens, step, n); ++i) {
    seen[order[i]] = 0;
    std::fill_n(to + static_cast<std::ptrdiff_t>(order[i]) * view.channels, view.channels, 0.0F);
  }
}

void model::condition(ardent::ar_step_view const& view, int sequence, float* z, scratch& own) const {
  const int image = sequence % view.images, tokens = picture_tokens(), width = network_.condition_width();
  mar::sequence_step step;
  step.label = sequence < view.images ? labels_[static_cast<std::size_t>(image)] : -1;
  step.tokens = shown_.data() + static_cast<std::ptrdiff_t>(image) * tokens * view.channels;
  step.known = visible_.data() + static_cast<std::ptrdiff_t>(image) * tokens;
  // nothing is kept from one step to the next: every token changes
  network_.advance(step, all_, own.decoded.data(), own.work, own.sequence);
  network_.finish(own.decoded.data(), positions_.data(), tokens, own.z.data(), own.work);
  float* to = z + static_cast<std::ptrdiff_t>(sequence) * tokens * (width + 1);
  for (int i = 0; i < tokens; ++i, to += width + 1) {
    std::copy_n(own.z.data() + static_cast<std::ptrdiff_t>(i) * width, width, to);
    to[width] = static_cast<float>(levels_[static_cast<std::size_t>(view.ar_step)]);
  }
}

}  // namespace examples::far
