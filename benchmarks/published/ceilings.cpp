// SPDX-License-Identifier: Apache-2.0
//
// Reading at the machine's rate.
#include "ceilings.hpp"

#include <algorithm>
#include <cstring>

namespace bench {

#if defined(__x86_64__) && defined(__linux__)
[[gnu::target_clones("avx512f", "avx2", "default")]]
#endif
float sum_of(float const* from, std::ptrdiff_t size) {
  using vector [[gnu::vector_size(64)]] = float;
  vector sums[4] = {};  // so that no addition waits for the one before
  for (std::ptrdiff_t i = 0; i < size; i += 64)
    for (int j = 0; j < 4; ++j) {
      vector read;
      std::memcpy(&read, from + i + 16 * j, sizeof read);
      sums[j] += read;
    }
  const vector all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float sum = 0;
  for (int i = 0; i < 16; ++i) sum += all[i];
  return sum;
}

double read_rate(ardent::executor::host const& executor, std::size_t bytes, double seconds) {
  const int threads = executor.threads();
  const std::ptrdiff_t part = static_cast<std::ptrdiff_t>(bytes) / 256 / threads * 64;  // floats
  examples::aligned_memory memory(static_cast<std::size_t>(part * threads) * sizeof(float));
  float* const numbers = reinterpret_cast<float*>(memory.data());
  std::vector<float> sums(static_cast<std::size_t>(threads) * 16);
  executor.run_team([&](auto&, auto& grid, int) { std::fill_n(numbers + grid.rank() * part, part, 1.0f); });
  // a call of the threads reads at least 64 MiB: starting them should not count
  const int times = std::max(1, static_cast<int>((std::size_t{64} << 20) / memory.size()));
  const double median = median_seconds(seconds, [&] {
    executor.run_team([&](auto&, auto& grid, int) {
      for (int i = 0; i < times; ++i)
        sums[static_cast<std::size_t>(grid.rank()) * 16] += sum_of(numbers + grid.rank() * part, part);
    });
  });
  return static_cast<double>(memory.size()) * times / median;
}

}  // namespace bench
