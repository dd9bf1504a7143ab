// SPDX-License-Identifier: Apache-2.0
//
// The parts of modulated transformers at the level of the workspace.
#include "modulated_block.hpp"

#include <cmath>
#include <stdexcept>
#include <string>

#include "modulated_kernels.hpp"
#include "transformer_level.hpp"

namespace examples::transformer {

rotary_table::rotary_table(std::span<float const> rows, std::span<float const> columns, int head_width)
    : pairs_(head_width / 2) {
  if (head_width < 4 || head_width % 4 != 0)
    throw std::invalid_argument("rotary_table: expected a head width that is a multiple of 4, found " +
                                std::to_string(head_width));
  if (rows.size() != columns.size())
    throw std::invalid_argument("rotary_table: expected a column for each row coordinate");
  int const frequencies = head_width / 4;
  cosine_.reserve(rows.size() * static_cast<std::size_t>(pairs_));
  sine_.reserve(cosine_.capacity());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (float const place : {rows[i], columns[i]})
      for (int k = 0; k < frequencies; ++k) {
        // frequencies and angles are rounded as published code rounds them
        auto const frequency = static_cast<float>(1 / std::pow(10000.0, 4.0 * k / head_width));
        auto const angle = static_cast<double>(place * frequency);
        cosine_.push_back(static_cast<float>(std::cos(angle)));
        sine_.push_back(static_cast<float>(std::sin(angle)));
      }
}

rotary_table rotary_table::of_map(int side, float extent, int head_width) {
  std::vector<float> rows, columns;
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; ++j) {
      rows.push_back(static_cast<float>(i) / static_cast<float>(side) * extent);
      columns.push_back(static_cast<float>(j) / static_cast<float>(side) * extent);
    }
  return {rows, columns, head_width};
}

rotary_table rotary_table::of_line(int count, double theta, int head_width) {
  if (head_width < 2 || head_width % 2 != 0)
    throw std::invalid_argument("rotary_table: expected an even head width, found " + std::to_string(head_width));
  rotary_table table;
  table.pairs_ = head_width / 2;
  for (int i = 0; i < count; ++i)
    for (int p = 0; p < table.pairs_; ++p) {
      // frequencies and angles are rounded as published code rounds them
      auto const frequency = static_cast<float>(1 / std::pow(theta, 2.0 * p / head_width));
      auto const angle = static_cast<double>(static_cast<float>(i) * frequency);
      table.cosine_.push_back(static_cast<float>(std::cos(angle)));
      table.sine_.push_back(static_cast<float>(std::sin(angle)));
    }
  return table;
}

key_values::key_values(int capacity, int width)
    : capacity_(capacity),
      keys_(static_cast<std::size_t>(capacity) * static_cast<std::size_t>(width)),
      values_(static_cast<std::size_t>(capacity) * static_cast<std::size_t>(width)) {}

void rms_norm(float const* x, int rows, int width, float const* weight, float* y, workspace& work) {
  at_level(work.level(), [&](auto block) { kernels::rms_norm(block, x, rows, width, weight, y, work.factors()); });
}

void modulated_norm(float const* x, int rows, int width, modulation const& by, float* y, workspace& work) {
  at_level(work.level(), [&](auto block) { kernels::modulated_norm(block, x, rows, width, by, y, work.factors()); });
}

void silu(float const* x, int count, float* y, workspace& work) {
  at_level(work.level(), [&](auto block) {
    block.elements({0, 1, 1}, {0, count, 1},
                   [=](int, int c) ARDENT_INLINE_LAMBDA { y[c] = ardent::detail::silu(x[c]); });
  });
}

void add_attention(packed_attention const& layer, float* x, int rows, modulation const& by, rotation const& turn,
                   key_values& memory, int keep, workspace& work, int const* visible) {
  if (rows > memory.capacity() - memory.kept())
    throw std::invalid_argument("transformer::add_attention: expected room for " + std::to_string(rows) +
                                " more rows, found " + std::to_string(memory.capacity() - memory.kept()));
  at_level(work.level(),
           [&](auto block) { kernels::add_attention(block, layer, x, rows, by, turn, memory, visible, work); });
  memory.keep(memory.kept() + keep);
}

void add_gated_mlp(packed_gated_mlp const& layer, float* x, int rows, modulation const& by, workspace& work) {
  at_level(work.level(), [&](auto block) { kernels::add_gated_mlp(block, layer, x, rows, by, work); });
}

void project_context(packed_cross_attention const& layer, float const* context, int rows, rotation const& turn,
                     float* to, workspace& work) {
  at_level(work.level(), [&](auto block) { kernels::project_context(block, layer, context, rows, turn, to, work); });
}

void add_cross_attention(packed_cross_attention const& layer, float* x, int rows, rotation const& turn,
                         float const* context, int context_rows, workspace& work) {
  at_level(work.level(),
           [&](auto block) { kernels::add_cross_attention(block, layer, x, rows, turn, context, context_rows, work); });
}

}  // namespace examples::transformer
