// SPDX-License-Identifier: Apache-2.0
//
// Kernels of batched trajectories for machine_code to look at, five compositions of them; and what a launch says on a
// machine with no GPU: it launches them, captures them in a graph, and prints the one line of the exception, or that
// they were launched.
//
// compositions: 5, kernels: 9
// title: Step kernels of batched denoisers
// name: step_kernelILi(\d).*?3rowI(\w)Li(\d)ELi(\d) -> step: \1 branches, state \2, \3 slots, \4 outputs kept
// name: row_partsELb1 -> learned variance
// name: row_partsELb.ELb1 -> clipped x0
// name: row_partsELb.ELb.ELb1 -> noise
// name: EEEEEffNS -> float to float
// name: EEEEEfNS0_8bfloat16 -> float to bfloat16
// name: EEEEENS0_8bfloat16Ef -> bfloat16 to float
// name: EEEEENS0_7float16ES -> float16 to float16
// name: viewI(\w)f -> start: state \1, to float
// name: viewI(\w)NS0_8bfloat16 -> start: state \1, to bfloat16
// name: viewI(\w)NS0_7float16 -> start: state \1, to float16
#include <ardent/ardent.hpp>
#include <ardent/cuda/batched.hpp>
#include <ardent/cuda/graph.hpp>

#include <cstdio>
#include <span>

namespace {

using ardent::bfloat16;
using ardent::float16;
using ardent::prediction;

constexpr int tokens = 3, channels = 16;
using ordering = ardent::ordering::raster<64, 4>;
using annealing = ardent::annealing::linear<50, 5>;
using flow = ardent::predicts<prediction::velocity>;

using ddim = ardent::sampler<ordering, annealing, ardent::solver::ddim<>>;
using learned = ardent::sampler<ordering, annealing, ardent::solver::ddpm<>, ardent::guidance::linear<2.0>>;
using multistep = ardent::sampler<ordering, annealing, ardent::solver::dpm_solver_pp<3>, ardent::guidance::linear<2.0>>;
using clipped =
    ardent::sampler<ordering, annealing, ardent::solver::ddpm<ardent::variance::fixed_small>, ardent::clipping::x0<>>;
using heun = ardent::sampler<ordering, ardent::annealing::constant<9>, ardent::process::flow_linear,
                             ardent::grid::time_uniform, ardent::solver::flow_heun, flow, ardent::state<double>>;

/// Stands for somebody else's network: it is given everything and enqueues whatever it likes.
struct network {
  template <class Input, class Output>
  void operator()(cudaStream_t, ardent::time_point const&, Input const*, Output*) const {}
};

template <class Input, class Output, class Sampler>
void draw(cudaStream_t stream, Sampler const& sampler, std::span<std::byte> memory, int input_copies = 1) {
  ardent::tile t;
  t.tokens = t.total = tokens;
  t.branches = Sampler::branches;
  const ardent::network_shape<Input, Output> shape{channels, 0, input_copies};
  const std::size_t needed = ardent::batched_bytes(sampler, tokens, shape);
  // behind the workspace: samples, images, positions and the counter
  float* const samples = reinterpret_cast<float*>(memory.data() + needed);
  auto* const images = reinterpret_cast<std::uint32_t*>(samples + tokens * channels);
  t.images = images;
  t.positions = reinterpret_cast<int*>(images + tokens);
  auto* const counter = reinterpret_cast<unsigned long long*>(images + 2 * tokens);
  ardent::cuda::enqueue_batched(stream, sampler, 0, t, shape, network{}, ardent::random::philox{1},
                                memory.first(needed), samples, counter);
}

void draw_all(cudaStream_t stream, std::span<std::byte> memory) {
  draw<float, float>(stream, ddim{}, memory);
  draw<float16, float16>(stream, learned{}, memory, 2);
  draw<bfloat16, float>(stream, multistep{}, memory);
  draw<float, bfloat16>(stream, clipped{}, memory);
  draw<float, float>(stream, heun{}, memory);
}

/// Memory and a stream, given back in the end.
struct resources {
  static constexpr std::size_t size = 1 << 20;
  void* memory = nullptr;
  cudaStream_t stream = nullptr;
  resources() {
    ardent::cuda::check(cudaStreamCreate(&stream), "creating a stream");
    ardent::cuda::check(cudaMalloc(&memory, size), "cudaMalloc");
    ardent::cuda::check(cudaMemset(memory, 0, size), "cudaMemset");
  }
  ~resources() {
    cudaFree(memory);
    if (stream != nullptr) cudaStreamDestroy(stream);
  }
};

}  // namespace

int main() {
  try {
    // where there is no GPU, the first launch says so
    alignas(64) static std::byte on_host[4096];
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) draw<float, float>(nullptr, ddim{}, on_host);
    const resources r;
    const std::span<std::byte> memory(static_cast<std::byte*>(r.memory), resources::size);
    draw_all(r.stream, memory);
    const ardent::cuda::graph step(r.stream, [&](cudaStream_t stream) { draw_all(stream, memory); });
    step.launch(r.stream);
    ardent::cuda::check(cudaStreamSynchronize(r.stream), "running batched trajectories");
  } catch (ardent::cuda::error const& e) {
    std::printf("%s\n", e.what());
    return 0;
  }
  std::printf("launched\n");
  return 0;
}
