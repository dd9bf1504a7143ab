// SPDX-License-Identifier: Apache-2.0
//
// The whole host library compiles under nvcc without extra flags, and the trajectory's body compiles for the device:
// here for a block of one CUDA thread, with an analytic denoiser and with the head. Nothing runs.
#include <ardent/ardent.hpp>

#include <vector>

namespace {

/// The least that a kernel body needs of a block.
class one_thread_block {
 public:
  __device__ int rank() const { return 0; }
  __device__ int size() const { return 1; }
  __device__ void sync() {}
  template <class F>
  __device__ void elements(ardent::strided_range rows, ardent::strided_range columns, F f) {
    for (int r = rows.first + rank() * rows.step; r < rows.last; r += size() * rows.step)
      for (int c = columns.first; c < columns.last; c += columns.step) f(r, c);
  }
  template <class F, class Finish>
  __device__ void row_sums(ardent::strided_range rows, int columns, F f, Finish finish) {
    for (int r = rows.first; r < rows.last; r += rows.step) {
      float sum = 0;
      for (int c = 0; c < columns; ++c) sum += f(r, c);
      finish(r, sum);
    }
  }
  template <class Storage, class F>
  __device__ void product(ardent::product_rows<Storage> const& x, ardent::strided_range rows,
                          ardent::packed_matrix<Storage> const& m, ardent::strided_range panels, F f) {
    const int last = panels.last * ardent::panel_width < m.outputs ? panels.last * ardent::panel_width : m.outputs;
    for (int r = rows.first; r < rows.last; r += rows.step)
      for (int c = panels.first * ardent::panel_width; c < last; ++c)
        f(r, c, ardent::detail::single_product(x, r, m, c));
  }
  template <class Storage>
  __device__ void narrow(float const* x, int stride, ardent::strided_range rows, int inputs,
                         ardent::product_rows<Storage> const& to) {
    for (int r = rows.first; r < rows.last; r += rows.step)
      ardent::detail::narrow_row<Storage>(x + r * stride, inputs, to.data + r * to.stride);
  }
};

using sampler = ardent::sampler<ardent::ordering::masked<256, 64>, ardent::annealing::linear<50, 5>,
                                ardent::solver::ddpm<>, ardent::guidance::linear<3.0>>;
using plain = ardent::sampler<ardent::ordering::raster<16>, ardent::solver::dpm_solver_pp<3>>;
static_assert(sampler::tables_at_compile_time && plain::tables_at_compile_time);

template <class Denoiser, class Row>
__global__ void draw(ardent::tile t, Row const* rows, ardent::ar_step_numbers numbers, Denoiser denoiser,
                     ardent::random::philox random, ardent::trajectory_memory memory, float* tokens) {
  one_thread_block block;
  ardent::solo_grid grid;
  ardent::trajectory<2>(block, grid, t, rows, numbers, denoiser, random, memory, tokens);
}

template __global__ void draw<ardent::denoiser::gaussian_mixture<>, plain::row_type>(
    ardent::tile, plain::row_type const*, ardent::ar_step_numbers, ardent::denoiser::gaussian_mixture<>,
    ardent::random::philox, ardent::trajectory_memory, float*);
template __global__ void draw<ardent::denoiser::adaln_mlp<>, sampler::row_type>(ardent::tile, sampler::row_type const*,
                                                                                ardent::ar_step_numbers,
                                                                                ardent::denoiser::adaln_mlp<>,
                                                                                ardent::random::philox,
                                                                                ardent::trajectory_memory, float*);

}  // namespace

int main() {
  const float weight = 1, mean = 0, deviation = 1;
  ardent::unconditional_model model(ardent::denoiser::gaussian_mixture(1, 1, &weight, &mean, &deviation), 16);
  ardent::sampler<ardent::ordering::random<16, 4>, ardent::annealing::linear<20, 5>> s;
  std::vector<float> tokens(16);
  ardent::generate(s, model, ardent::executor::host{1}, ardent::random::philox{1}, {}, tokens);
  return tokens[0] == tokens[0] ? 0 : 1;
}
