// SPDX-License-Identifier: Apache-2.0
//
// The trajectories of handwritten.cu as ardent composes them, with the same device function.
//
// title: The same loops composed
// compositions: 4, kernels: 4
// name: like_(\w+?)ENS -> \1
// like: handwritten.cu
#include <ardent/ardent.hpp>
#include <ardent/cuda/pointwise.hpp>

#include "gaussian_token.hpp"

namespace {

constexpr int channels = 4;

template <ardent::prediction Predicted>
struct gaussian_token {
  static constexpr ardent::prediction predicted = Predicted;
  __host__ __device__ constexpr int channels() const { return ::channels; }
  __host__ __device__ constexpr int outputs() const { return ::channels; }
  __host__ __device__ constexpr int condition_width() const { return ::channels; }
  __device__ void operator()(float const* x, ardent::time_point const& time, float const* mean, float* output) const {
    if constexpr (Predicted == ardent::prediction::epsilon)
      gaussian_epsilon<::channels>(x, time.alpha, time.sigma, mean, output);
    else
      gaussian_velocity<::channels>(x, time.alpha, time.sigma, mean, output);
  }
};

// A name for each solver, by which its kernel is found.
struct like_ddpm : gaussian_token<ardent::prediction::epsilon> {};
struct like_ddim : gaussian_token<ardent::prediction::epsilon> {};
struct like_dpm_solver_pp_2m : gaussian_token<ardent::prediction::epsilon> {};
struct like_flow_euler : gaussian_token<ardent::prediction::velocity> {};

template <class Token, class... Policies>
void draw(ardent::tile const& t, float* samples) {
  using sampler = ardent::sampler<ardent::ordering::raster<64, 4>, ardent::predicts<Token::predicted>, Policies...>;
  ardent::cuda::enqueue_pointwise<channels>(nullptr, sampler{}, 0, t, ardent::denoiser::pointwise(Token{}),
                                            ardent::random::philox{1}, samples);
}

}  // namespace

/// Enqueues all four.
void composed(ardent::tile const& t, float* samples) {
  draw<like_ddpm, ardent::solver::ddpm<ardent::variance::fixed_small>>(t, samples);
  draw<like_ddim, ardent::solver::ddim<>>(t, samples);
  draw<like_dpm_solver_pp_2m, ardent::solver::dpm_solver_pp<2>>(t, samples);
  draw<like_flow_euler, ardent::solver::flow_euler, ardent::process::flow_linear, ardent::grid::time_uniform>(t,
                                                                                                              samples);
}
