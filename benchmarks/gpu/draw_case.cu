// SPDX-License-Identifier: Apache-2.0
//
// Draws what ../published/head.py wrote: a head's weights, conditions and noise in one file; so that both can be
// compared.
//
// usage: draw_case CASE SAMPLES host|fp32|bf16
//
// CASE: see ../published/case.hpp. SAMPLES: float32 [tokens][channels]. `host` draws without a GPU, in float.
#include <ardent/ardent.hpp>
#include <ardent/cuda/head.hpp>

#include <cstdint>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "../published/case.hpp"
#include "bench.hpp"
#include "made_head.hpp"

namespace {

using bench::given;
using bench::given_model;

/// All times of the one AR step, and the head in float on the host.
struct packed {
  std::vector<std::byte> memory;
  std::byte* start;
  explicit packed(given const& what) : memory(ardent::packed_bytes<float>(what.shape) + 64) {
    start = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
    ardent::pack_adaln<float>(what.shape, what.weights, start);
  }
};

std::vector<float> on_host(given const& what) {
  const packed weights(what);
  given_model<float> model{what, what.tokens, {what.shape, weights.start}};
  const ardent::random::recorded_step recorded{what.start, what.draws.data()};
  std::vector<float> samples(what.size());
  ardent::generate(what.sampler(what.tokens, what.steps), model, ardent::executor::host{},
                   ardent::random::replay(&recorded, nullptr, what.tokens), {1}, samples);
  return samples;
}

template <class Format>
std::vector<float> on_gpu(given const& what) {
  using bench::device_bytes;
  const auto sampler = what.sampler(what.tokens, what.steps);
  const auto rows = sampler.rows(0);
  std::vector<float> times;
  std::vector<int> numbered(static_cast<std::size_t>(std::max<int>(what.tokens, static_cast<int>(rows.size()))));
  std::iota(numbered.begin(), numbered.end(), 0);
  for (auto const& row : rows) times.push_back(static_cast<float>(row.timestep));
  const packed on_host(what);
  const ardent::denoiser::adaln_mlp<float> embedding(what.shape, on_host.start);
  const int count = static_cast<int>(times.size());
  std::vector<float> table(times.size() * static_cast<std::size_t>(what.shape.width()));
  std::vector<float> scratch(embedding.time_scratch(count));
  ardent::executor::host(1).run_tiles(1, [&](auto& block, auto&, int, int) {
    embedding.prepare_times(block, times.data(), count, table.data(), scratch.data());
  });

  const auto copied = [](float const* from, std::size_t size) { return std::vector<float>(from, from + size); };
  const device_bytes weights(bench::tiled<Format>(what.shape, what.weights)), on_times(table), index(numbered);
  const device_bytes z(copied(what.z, static_cast<std::size_t>(2 * what.tokens * what.shape.condition_width())));
  const device_bytes images(std::vector<std::uint32_t>(static_cast<std::size_t>(what.tokens)));
  const device_bytes start(copied(what.start, what.size())), samples(what.size() * sizeof(float));
  // the draws of all steps lie together
  const device_bytes draws(copied(what.draws[0], what.size() * what.draws.size()));
  std::vector<float const*> of_steps;
  for (std::size_t k = 0; k < what.draws.size(); ++k) of_steps.push_back(draws.as<float>() + k * what.size());
  const device_bytes pointers(of_steps);
  const device_bytes recorded(
      std::vector<ardent::random::recorded_step>{{start.as<float>(), pointers.as<float const*>()}});

  const ardent::cuda::head_trajectory<std::remove_const_t<decltype(sampler)>, Format, ardent::adaln_shape<>,
                                      ardent::random::replay>
      head(sampler, what.shape, weights.as<void>());
  const device_bytes workspace(head.workspace_bytes(what.tokens));
  ardent::tile t;
  t.total = what.tokens;
  t.conditions = z.as<float>();
  t.images = images.as<std::uint32_t>();
  t.positions = index.as<int>();
  t.times = on_times.as<float>();
  t.time_index = index.as<int>();
  head.enqueue(nullptr, 0, t,
               ardent::random::replay(recorded.as<ardent::random::recorded_step>(), nullptr, what.tokens),
               workspace.as<void>(), workspace.size(), samples.as<float>());
  std::vector<float> out(what.size());
  bench::check(cudaDeviceSynchronize(), "drawing a case");
  bench::check(cudaMemcpy(out.data(), samples.as<void>(), samples.size(), cudaMemcpyDeviceToHost), "cudaMemcpy");
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc == 4 ? argv[3] : "";
  if (how != "host" && how != "fp32" && how != "bf16") {
    std::fprintf(stderr, "usage: draw_case CASE SAMPLES host|fp32|bf16\n");
    return 2;
  }
  const auto run = [&] {
    const given what(argv[1]);
    const std::vector<float> samples = how == "host"   ? on_host(what)
                                       : how == "fp32" ? on_gpu<ardent::format::fp32>(what)
                                                       : on_gpu<ardent::format::bf16>(what);
    std::ofstream file(argv[2], std::ios::binary);
    file.write(reinterpret_cast<char const*>(samples.data()),
               static_cast<std::streamsize>(samples.size() * sizeof(float)));
    if (!file.flush()) throw std::runtime_error(std::string(argv[2]) + ": could not be written");
  };
  if (how != "host") return bench::main_of(run);
  try {
    run();
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
