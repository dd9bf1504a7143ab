// SPDX-License-Identifier: Apache-2.0
#pragma once

// The times of a sampler's tables, each embedded once, on the host: what a generation copies to the device beforehand.

#include <ardent/denoiser/adaln_shape.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/detail/packing_checks.hpp>
#include <ardent/detail/time_embedding.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/packed_matrix.hpp>

#include <algorithm>
#include <cstddef>
#include <memory_resource>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace cuda {
namespace detail {

/// Which time each row of each AR step has.
struct time_table {
  std::vector<float> distinct;  // ascending
  std::vector<int> index;       // for each row of each AR step, into distinct
  std::vector<int> first_row;   // [ar_steps], into index

  template <class Sampler>
  explicit time_table(Sampler const& sampler) {
    std::vector<float> all;
    for (int i = 0; i < sampler.ar_steps(); ++i) {
      first_row.push_back(static_cast<int>(all.size()));
      for (auto const& row : sampler.rows(i)) all.push_back(static_cast<float>(row.timestep));
    }
    distinct = all;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (const float time : all)
      index.push_back(static_cast<int>(std::lower_bound(distinct.begin(), distinct.end(), time) - distinct.begin()));
  }
};

/// The two layers of a time embedding, packed.
class packed_time_layers {
 public:
  packed_time_layers(linear_weights const& first, linear_weights const& second, int width)
      : memory_(*std::pmr::get_default_resource(), place(nullptr, width)) {
    ardent::detail::check_layer("ardent::cuda::generation", "time_in", first, time_sinusoids, width);
    ardent::detail::check_layer("ardent::cuda::generation", "time_out", second, width, width);
    place(memory_.data, width);
    pack_matrix(first.weight, time_sinusoids, width, const_cast<float*>(in.data));
    pack_matrix(second.weight, width, width, const_cast<float*>(out.data));
    in.bias = first.bias;
    out.bias = second.bias;
  }

  packed_matrix<float> in, out;

 private:
  std::size_t place(std::byte* memory, int width) {
    ardent::detail::arena a(memory);
    in = {a.take<float>(packed_size(time_sinusoids, width)), nullptr, time_sinusoids, width};
    out = {a.take<float>(packed_size(width, width)), nullptr, width, width};
    return a.used();
  }

  ardent::detail::owned_bytes memory_;
};

/// [times][width]: each time's embedding, as the host's generation computes it for float weights.
inline std::vector<float> embedded_times(std::vector<float> const& times, linear_weights const& in,
                                         linear_weights const& out, int width) {
  constexpr int at_once = 64;  // bounds the scratch
  const packed_time_layers layers(in, out, width);
  const executor::host executor;
  const int count = static_cast<int>(times.size());
  const std::size_t scratch_size = ardent::detail::time_embedding_scratch(at_once, width);
  std::vector<float> table(times.size() * static_cast<std::size_t>(width));
  std::vector<float> scratch(scratch_size * static_cast<std::size_t>(executor.threads()));
  executor.run_tiles((count + at_once - 1) / at_once, [&](auto& block, auto&, int chunk, int worker) {
    const int first = chunk * at_once;
    ardent::detail::embed_times(block, times.data() + first, std::min(at_once, count - first), layers.in, layers.out,
                                table.data() + static_cast<std::ptrdiff_t>(first) * width,
                                scratch.data() + scratch_size * static_cast<std::size_t>(worker));
  });
  return table;
}

}  // namespace detail
}  // namespace cuda
}  // namespace v0
}  // namespace ardent
