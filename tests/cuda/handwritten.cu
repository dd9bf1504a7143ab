// SPDX-License-Identifier: Apache-2.0
//
// Trajectories as one would write them by hand, each for the one solver: a token a thread, its state in registers, of
// every step the coefficients that this solver needs and no other, as literals in a table of constant memory. No ardent
// header here. machine_code compares the instructions of composed.cu's step loops with those of these.
//
// title: Step loops written by hand
// kernels: 4
// name: ^_Z\d+(\w+?)N\d+_GLOBAL -> \1
#include <cuda_runtime.h>

#include <cstdint>

#include "gaussian_token.hpp"

namespace {

constexpr int channels = 4, most_steps = 4, threads = 128;

/// What all four read.
struct tokens {
  int count, ar_step;
  int steps;  // at most most_steps
  std::uint64_t seed;
  float const* conditions;
  std::uint32_t const* images;
  int const* positions;
  float* samples;
};

/// Four words of Philox4x32-10.
__device__ __forceinline__ void philox(std::uint32_t (&c)[4], std::uint64_t seed) {
  std::uint32_t low = static_cast<std::uint32_t>(seed), high = static_cast<std::uint32_t>(seed >> 32);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const std::uint32_t h0 = __umulhi(0xD2511F53u, c[0]), l0 = 0xD2511F53u * c[0];
    const std::uint32_t h1 = __umulhi(0xCD9E8D57u, c[2]), l1 = 0xCD9E8D57u * c[2];
    c[0] = h1 ^ c[1] ^ low;
    c[1] = l1;
    c[2] = h0 ^ c[3] ^ high;
    c[3] = l0;
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
}

/// log(u), u in (0, 1).
__device__ __forceinline__ float logarithm(float u) {
  const std::uint32_t bits = __float_as_uint(u);
  const int exponent = static_cast<int>(bits - 0x3f3504f3u) >> 23;
  const float f = __uint_as_float(bits - (static_cast<std::uint32_t>(exponent) << 23)) - 1.0f;
  const float s = __fdividef(f, 2.0f + f), z = s * s;
  const float series = ((2.0f / 9 * z + 2.0f / 7) * z + 2.0f / 5) * z + 2.0f / 3;
  return exponent * 0.693147181f + (s * z * series + 2.0f * s);
}

/// Sine and cosine of 2 pi u.
__device__ __forceinline__ void turn(float u, float& sine, float& cosine) {
  const float quarters = u * 4.0f;
  const int n = static_cast<int>(quarters + 0.5f);
  const float r = (quarters - static_cast<float>(n)) * 1.57079633f, z = r * r;
  const float s = (((1.0f / 362880 * z - 1.0f / 5040) * z + 1.0f / 120) * z - 1.0f / 6) * z * r + r;
  const float c = ((((-1.0f / 3628800 * z + 1.0f / 40320) * z - 1.0f / 720) * z + 1.0f / 24) * z - 0.5f) * z + 1.0f;
  const float a = n & 1 ? c : s, b = n & 1 ? s : c;
  sine = n & 2 ? -a : a;
  cosine = (n + 1) & 2 ? -b : b;
}

/// Four normal numbers by Box and Muller.
__device__ __forceinline__ void normals(std::uint32_t image, std::uint32_t position, std::uint32_t when,
                                        std::uint32_t domain, std::uint64_t seed, float (&z)[channels]) {
  std::uint32_t w[4] = {image, position, when, domain << 24};
  philox(w, seed);
#pragma unroll
  for (int i = 0; i < 4; i += 2) {
    const float square = -2.0f * logarithm(w[i] * 0x1p-32f + 0x1p-33f);
    const float radius = square * rsqrtf(square + 1e-30f);
    float sine, cosine;
    turn((w[i + 1] >> 8) * 0x1p-24f, sine, cosine);
    z[i] = radius * cosine;
    z[i + 1] = radius * sine;
  }
}

/// A thread's token: its starting noise and its condition. False past the end.
__device__ __forceinline__ bool start(tokens const& t, int& token, float (&x)[channels], float (&mean)[channels]) {
  token = static_cast<int>(blockIdx.x) * threads + static_cast<int>(threadIdx.x);
  if (token >= t.count) return false;
  normals(t.images[token], static_cast<std::uint32_t>(t.positions[token]), 0, 0, t.seed, x);
  for (int c = 0; c < channels; ++c) mean[c] = t.conditions[token * channels + c];
  return true;
}

__device__ __forceinline__ void finish(tokens const& t, int token, float const (&x)[channels]) {
  for (int c = 0; c < channels; ++c) t.samples[token * channels + c] = x[c];
}

struct ddpm_step {
  float alpha, sigma, of_x, of_epsilon, deviation;
};
struct ddim_step {
  float alpha, sigma, of_x, of_epsilon;
};
struct dpm_solver_pp_2m_step {
  float alpha, sigma, x0_of_x, x0_of_epsilon, of_x, of_x0, of_earlier_x0;
};
struct flow_euler_step {
  float alpha, sigma, step;
};

// Four steps of t = 0.98, 0.75, 0.5, 0.25 to 0: alpha = cos(pi t / 2), sigma = sin(pi t / 2). Rectified flow: from 1.
__constant__ const ddpm_step ddpm_steps[most_steps] = {
    {0.0314108f, 0.999507f, 12.1832f, -12.1071f, 0.921217f},
    {0.382683f, 0.92388f, 1.84776f, -1.41421f, 0.643594f},
    {0.707107f, 0.707107f, 1.30656f, -0.765367f, 0.348311f},
    {0.92388f, 0.382683f, 1.08239f, -0.414214f, 0.0f},
};
__constant__ const ddim_step ddim_steps[most_steps] = {
    {0.0314108f, 0.999507f, 12.1832f, -11.2533f},
    {0.382683f, 0.92388f, 1.84776f, -1.0f},
    {0.707107f, 0.707107f, 1.30656f, -0.541196f},
    {0.92388f, 0.382683f, 1.08239f, -0.414214f},
};
__constant__ const dpm_solver_pp_2m_step dpm_solver_pp_2m_steps[most_steps] = {
    {0.0314108f, 0.999507f, 31.8362f, -31.8205f, 0.924336f, 0.353649f, 0.0f},
    {0.382683f, 0.92388f, 2.61313f, -2.41421f, 0.765367f, 0.485f, -0.070786f},
    {0.707107f, 0.707107f, 1.41421f, -1.0f, 0.541196f, 0.811794f, -0.270598f},
    {0.92388f, 0.382683f, 1.08239f, -0.414214f, 0.0f, 0.997586f, 0.0f},
};
__constant__ const flow_euler_step flow_euler_steps[most_steps] = {
    {0.0f, 1.0f, -0.25f},
    {0.25f, 0.75f, -0.25f},
    {0.5f, 0.5f, -0.25f},
    {0.75f, 0.25f, -0.25f},
};

}  // namespace

__global__ void __launch_bounds__(threads) ddpm(const __grid_constant__ tokens t) {
  int token;
  float x[channels], mean[channels], epsilon[channels];
  if (!start(t, token, x, mean)) return;
  const std::uint32_t image = t.images[token], position = static_cast<std::uint32_t>(t.positions[token]);
#pragma unroll 1
  for (int k = 0; k < t.steps; ++k) {
    ddpm_step const& step = ddpm_steps[k];
    gaussian_epsilon<channels>(x, step.alpha, step.sigma, mean, epsilon);
    float z[channels] = {};
    if (step.deviation != 0) normals(image, position, static_cast<std::uint32_t>(t.ar_step << 16 | k), 1, t.seed, z);
    for (int c = 0; c < channels; ++c) x[c] = step.of_x * x[c] + step.of_epsilon * epsilon[c] + step.deviation * z[c];
  }
  finish(t, token, x);
}

__global__ void __launch_bounds__(threads) ddim(const __grid_constant__ tokens t) {
  int token;
  float x[channels], mean[channels], epsilon[channels];
  if (!start(t, token, x, mean)) return;
#pragma unroll 1
  for (int k = 0; k < t.steps; ++k) {
    ddim_step const& step = ddim_steps[k];
    gaussian_epsilon<channels>(x, step.alpha, step.sigma, mean, epsilon);
    for (int c = 0; c < channels; ++c) x[c] = step.of_x * x[c] + step.of_epsilon * epsilon[c];
  }
  finish(t, token, x);
}

__global__ void __launch_bounds__(threads) dpm_solver_pp_2m(const __grid_constant__ tokens t) {
  int token;
  float x[channels], mean[channels], epsilon[channels], earlier[channels] = {};
  if (!start(t, token, x, mean)) return;
#pragma unroll 1
  for (int k = 0; k < t.steps; ++k) {
    dpm_solver_pp_2m_step const& step = dpm_solver_pp_2m_steps[k];
    gaussian_epsilon<channels>(x, step.alpha, step.sigma, mean, epsilon);
    for (int c = 0; c < channels; ++c) {
      const float x0 = step.x0_of_x * x[c] + step.x0_of_epsilon * epsilon[c];
      x[c] = step.of_x * x[c] + step.of_x0 * x0 + step.of_earlier_x0 * earlier[c];
      earlier[c] = x0;
    }
  }
  finish(t, token, x);
}

__global__ void __launch_bounds__(threads) flow_euler(const __grid_constant__ tokens t) {
  int token;
  float x[channels], mean[channels], velocity[channels];
  if (!start(t, token, x, mean)) return;
#pragma unroll 1
  for (int k = 0; k < t.steps; ++k) {
    flow_euler_step const& step = flow_euler_steps[k];
    gaussian_velocity<channels>(x, step.alpha, step.sigma, mean, velocity);
    for (int c = 0; c < channels; ++c) x[c] += step.step * velocity[c];
  }
  finish(t, token, x);
}
