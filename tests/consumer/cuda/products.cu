// SPDX-License-Identifier: Apache-2.0
//
// Draws on the GPU with a small head by cuBLASLt's matrix products, twice: the same bits, all of them finite. Where
// there is no GPU it must say so.
#include <ardent/cuda/head_products.hpp>

#include <cmath>
#include <cstdio>

#include "device_tokens.cuh"

namespace {

constexpr int tokens = 6, denoising_steps = 5;

using shape = ardent::adaln_shape<8, 16, 32, 1, 8>;
using head_plan = ardent::sampler<ardent::ordering::raster<tokens, 1>, ardent::annealing::constant<denoising_steps>,
                                  ardent::solver::ddpm<>>;
using products = ardent::cuda::head_products<head_plan, float, shape>;

struct alignas(64) line {
  std::byte bytes[64];
};

/// Waves in [-0.2, 0.2] around a centre.
std::vector<float> waves(int count, float centre = 0) {
  std::vector<float> values;
  for (int i = 0; i < count; ++i) values.push_back(centre + 0.2f * std::sin(static_cast<float>(i * i + count)));
  return values;
}

std::vector<line> packed_weights() {
  constexpr shape s;
  std::vector<float> const matrix = waves(3 * s.width() * s.width()), ones = waves(s.width(), 1);  // none is larger
  auto const linear = [&] { return ardent::linear_weights{matrix.data(), matrix.data()}; };
  ardent::adaln_block_weights const block{ones.data(), matrix.data(), linear(), linear(), linear()};
  ardent::adaln_weights weights;
  weights.condition = weights.input = linear();
  weights.blocks.push_back(block);
  weights.final_modulation = weights.output = linear();
  std::vector<line> memory((ardent::dense_bytes<float>(s) + sizeof(line) - 1) / sizeof(line));
  ardent::pack_dense_adaln<float>(s, weights, memory.data());
  return memory;
}

std::vector<float> draw(std::uint64_t seed) {
  using stranger::device_array;
  constexpr shape s;
  std::vector<int> positions, steps;
  for (int i = 0; i < tokens; ++i) positions.push_back(i);
  for (int i = 0; i < denoising_steps; ++i) steps.push_back(i);
  device_array<line> const weights(packed_weights());
  device_array<float> const conditions(waves(tokens * s.condition_width()));
  device_array<float> const times(waves(denoising_steps * s.width()));
  device_array<int> const position_there(positions), step_there(steps);
  device_array<std::uint32_t> const image_there{std::vector<std::uint32_t>(tokens)};
  device_array<float> const samples(std::vector<float>(static_cast<std::size_t>(tokens * s.channels())));
  std::size_t const bytes = products::workspace_bytes(head_plan{}, s, 1);
  device_array<std::byte> const workspace{std::vector<std::byte>(bytes)};
  products head(head_plan{}, s, weights.data(), 1, workspace.data(), bytes);
  ardent::tile t;
  t.total = tokens;
  t.conditions = conditions.data();
  t.images = image_there.data();
  t.positions = position_there.data();
  t.times = times.data();
  t.time_index = step_there.data();
  head.enqueue(nullptr, 0, t, ardent::random::philox(seed), samples.data());
  return samples.read();
}

}  // namespace

int main() {
  try {
    std::vector<float> const drawn = draw(20);
    bool finite = true;
    for (float const x : drawn) finite = finite && std::isfinite(x) && x != 0.0f;
    bool const same = drawn == draw(20), another = drawn != draw(21);
    std::printf("GPU: %s, %s bits, another seed %s\n", finite ? "finite" : "NOT FINITE", same ? "the same" : "OTHER",
                another ? "differs" : "THE SAME");
    return finite && same && another ? 0 : 1;
  } catch (ardent::cuda::error const& e) {
    std::printf("GPU: %s\n", e.what());
    return stranger::has_gpu() ? 1 : 0;
  }
}
