// SPDX-License-Identifier: Apache-2.0
//
// Reads noise and orders.
#include "noise.hpp"

#include "common/error.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace examples::replay {

void recorded_noise::read_orders(safetensors const& tensors, std::string const& name, int images, int length,
                                 int copies) {
  std::vector<std::int64_t> orders = tensors.integers(name, {std::int64_t{copies} * images, length});
  orders.resize(orders.size() / static_cast<std::size_t>(copies));
  length_ = length;
  ranks_.assign(orders.size(), -1);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const auto place = static_cast<std::int64_t>(i) % length;
    const std::int64_t position = orders[i];
    const std::int64_t first = static_cast<std::int64_t>(i) - place;
    if (position < 0 || position >= length || ranks_[static_cast<std::size_t>(first + position)] != -1)
      fail(tensors.path(), name + " to hold each position from 0 to " + std::to_string(length - 1) + " once an image",
           std::to_string(position) + " at index " + std::to_string(i));
    // the last position of the order is drawn first
    ranks_[static_cast<std::size_t>(first + position)] = static_cast<int>(length - 1 - place);
  }
}

void recorded_noise::add_step(std::vector<float> start) {
  values_.push_back(std::move(start));
  steps_.push_back({values_.back().data(), nullptr});
}

void recorded_noise::read_draws(safetensors const& tensors, std::string const& prefix, int rows, int channels,
                                std::vector<bool> const& noisy) {
  std::vector<float const*>& draws = draws_.emplace_back(noisy.size(), nullptr);
  for (std::size_t k = 0; k < noisy.size(); ++k) {
    if (!noisy[k]) continue;
    const std::string name = numbered(prefix + "draw", static_cast<int>(k), 3);
    values_.push_back(recorded_rows(tensors, name, rows, channels));
    draws[k] = values_.back().data();
  }
  steps_.back().steps = draws.data();
}

}  // namespace examples::replay
