// SPDX-License-Identifier: Apache-2.0
//
// What speculative decoding and shortcut models need compiles for the device: a watched trajectory, the verification of
// a token by a thread, and a pointwise kernel whose function is told the step size. Nothing runs.
#include <ardent/ardent.hpp>
#include <ardent/cuda/pointwise.hpp>

namespace {

/// The least that a trajectory with a pointwise denoiser needs of a block.
class one_thread_block {
 public:
  __device__ void sync() {}
  template <class F>
  __device__ void elements(ardent::strided_range rows, ardent::strided_range columns, F f) {
    for (int r = rows.first; r < rows.last; r += rows.step)
      for (int c = columns.first; c < columns.last; c += columns.step) f(r, c);
  }
};

using sampler = ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<8>,
                                ardent::solver::ddpm_with_last_noise<ardent::variance::fixed_small>>;
using mixture = ardent::denoiser::gaussian_mixture<>;

}  // namespace

/// A trajectory that is watched.
__global__ void watched(ardent::tile t, sampler::row_type const* rows, ardent::ar_step_numbers numbers,
                        mixture denoiser, ardent::random::philox random, ardent::trajectory_memory memory,
                        float* tokens, ardent::last_step_recorder recorder) {
  one_thread_block block;
  ardent::solo_grid grid;
  ardent::trajectory<1>(block, grid, t, rows, numbers, denoiser, random, memory, tokens, recorder);
}

namespace {

template <class Policy>
__global__ void verify(Policy policy, ardent::last_step_recorder draft, ardent::last_step_recorder target,
                       float const* tokens, ardent::random::philox random, ardent::verification* results, float* out) {
  const int row = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  ardent::noise_key key;
  key.position = static_cast<std::uint32_t>(row);
  results[row] = ardent::verify_token(policy, 16, draft.of(row), target.of(row), tokens + row * 16, random, key, 100,
                                      out + row * 16);
}
template __global__ void verify<ardent::acceptance::exact>(ardent::acceptance::exact, ardent::last_step_recorder,
                                                           ardent::last_step_recorder, float const*,
                                                           ardent::random::philox, ardent::verification*, float*);
template __global__ void verify<ardent::acceptance::cspd<ardent::dynamic>>(ardent::acceptance::cspd<ardent::dynamic>,
                                                                           ardent::last_step_recorder,
                                                                           ardent::last_step_recorder, float const*,
                                                                           ardent::random::philox,
                                                                           ardent::verification*, float*);

struct contracting {
  static constexpr ardent::prediction predicted = ardent::prediction::velocity;
  static constexpr bool takes_step_size = true;
  ARDENT_HD int channels() const { return 4; }
  ARDENT_HD int outputs() const { return 4; }
  ARDENT_HD int condition_width() const { return 0; }
  ARDENT_INLINE void operator()(float const* x, ardent::time_point const& time, float const*, float* output) const {
    for (int c = 0; c < 4; ++c) output[c] = x[c] * time.step_size;
  }
};

}  // namespace

void draw(ardent::tile const& t, float* samples) {
  using shortcut = ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<4>,
                                   ardent::solver::shortcut, ardent::process::flow_linear, ardent::grid::time_uniform,
                                   ardent::predicts<ardent::prediction::velocity>>;
  ardent::cuda::enqueue_pointwise<4>(nullptr, shortcut{}, 0, t, ardent::denoiser::pointwise(contracting{}),
                                     ardent::random::philox{1}, samples);
}
