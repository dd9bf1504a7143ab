// SPDX-License-Identifier: Apache-2.0
//
// What the machine can do at most, by loops that do one thing only.
#pragma once

#include <ardent/executor/host.hpp>
#include <ardent/packed_matrix.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/network/aligned_memory.hpp"
#include "timing.hpp"

namespace bench {

/// @brief Adds up [from, from + size), size a multiple of 64, and does nothing with it: the reading is what is wanted.
float sum_of(float const* from, std::ptrdiff_t size);

/// @brief Bytes a second at which all threads together read `bytes`, each its own part, over and over. What fits a
/// cache stays in it.
double read_rate(ardent::executor::host const& executor, std::size_t bytes, double seconds);

/// @brief FLOP a second of y = W x + b by the library's product on packed weights: a multiply-add is two. All threads,
/// each its own panels; the rows are narrowed beforehand.
template <class Storage>
double product_rate(ardent::executor::host const& executor, int rows, int inputs, int outputs, double seconds) {
  const auto at = [](int row, int stride) { return static_cast<std::size_t>(row) * static_cast<std::size_t>(stride); };
  std::uint32_t state = 1;
  const auto number = [&] {
    state = state * 1664525u + 1013904223u;
    return static_cast<float>(state >> 8) * 0x1p-24f - 0.5f;
  };
  std::vector<float> weights(at(outputs, inputs)), bias(at(outputs, 1)), scales(bias.size());
  for (float& w : weights) w = number();
  examples::aligned_memory packed(ardent::packed_size<Storage>(inputs, outputs) * sizeof(Storage));
  Storage* const panels = reinterpret_cast<Storage*>(packed.data());
  ardent::pack_matrix(weights.data(), inputs, outputs, panels, scales.data());
  const ardent::packed_matrix<Storage> matrix{panels, bias.data(), inputs, outputs, scales.data()};

  examples::aligned_memory from(at(rows, inputs) * sizeof(float)), to(at(rows, outputs) * sizeof(float));
  float* const x = reinterpret_cast<float*>(from.data());
  float* const y = reinterpret_cast<float*>(to.data());
  for (std::size_t i = 0; i < at(rows, inputs); ++i) x[i] = number();
  examples::aligned_memory narrowed(at(rows, ardent::narrowed_bytes<Storage>(inputs)) + 64);
  const ardent::strided_range all{0, rows, 1};
  ardent::product_rows<Storage> read;
  if constexpr (std::is_same_v<Storage, float>) {
    read = {x, inputs};
  } else {
    read = {narrowed.data(), ardent::narrowed_bytes<Storage>(inputs)};
    executor.run_tiles(1, [&](auto& block, auto&, int, int) { block.narrow(x, inputs, all, inputs, read); });
  }
  const double median = median_seconds(seconds, [&] {
    executor.run_team([&](auto& block, auto& grid, int) {
      block.product(read, all, matrix, ardent::share_of(matrix.panels(), grid.rank(), grid.size()),
                    [=](int r, int c, float v) { y[static_cast<std::ptrdiff_t>(r) * outputs + c] = v; });
    });
  });
  return 2.0 * rows * inputs * outputs / median;
}

}  // namespace bench
