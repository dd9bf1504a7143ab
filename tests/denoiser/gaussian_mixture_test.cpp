// SPDX-License-Identifier: Apache-2.0
//
// The Gaussian mixture's denoiser against the posterior mean of epsilon, summed in double over the components'
// densities as they stand in the textbook.
#include <doctest/doctest.h>
#include <ardent/denoiser/gaussian_mixture.hpp>
#include <ardent/executor/checked.hpp>

#include <cmath>
#include <vector>

#include "denoiser/evaluate_head.hpp"

namespace {

using test::doubles;

struct mixture {
  int channels;
  std::vector<float> weights, means, deviations;
  int components() const { return static_cast<int>(weights.size()); }
};

/// E[epsilon | x] = sum_i p(i | x) E[epsilon | x, i]; given i, (x - alpha mean) has variance v and covariance sigma
/// with epsilon.
doubles expected_epsilon(mixture const& m, float const* x, double alpha, double sigma) {
  doubles sum(static_cast<std::size_t>(m.channels));
  double total = 0;
  for (std::size_t i = 0; i < m.weights.size(); ++i) {
    double const deviation = static_cast<double>(m.deviations[i]);
    double const v = alpha * alpha * deviation * deviation + sigma * sigma;
    double density = static_cast<double>(m.weights[i]);
    doubles offset(sum.size());
    for (std::size_t c = 0; c < sum.size(); ++c) {
      offset[c] = static_cast<double>(x[c]) - alpha * static_cast<double>(m.means[i * sum.size() + c]);
      density *= std::exp(-offset[c] * offset[c] / (2 * v)) / std::sqrt(2 * 3.141592653589793 * v);
    }
    total += density;
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += density * sigma / v * offset[c];
  }
  for (double& s : sum) s /= total;
  return sum;
}

void check(mixture const& m, int seed, double spread) {
  ardent::denoiser::gaussian_mixture const denoiser(m.channels, m.components(), m.weights.data(), m.means.data(),
                                                    m.deviations.data());
  test::made_numbers numbers(static_cast<std::uint64_t>(seed));
  for (double const angle : {0.01, 0.3, 0.8, 1.2, 1.55}) {
    float const alpha = static_cast<float>(std::cos(angle)), sigma = static_cast<float>(std::sin(angle));
    for (int trial = 0; trial < 50; ++trial) {
      std::vector<float> const x = numbers.normals(m.channels, spread);
      std::vector<float> got(x.size());
      ardent::time_point time;
      time.alpha = alpha;
      time.sigma = sigma;
      ardent::denoiser::gaussian_mixture_function const function(m.channels, m.components(), m.weights.data(),
                                                                 m.means.data(), m.deviations.data());
      function(x.data(), time, nullptr, got.data());
      doubles const expected = expected_epsilon(m, x.data(), static_cast<double>(alpha), static_cast<double>(sigma));
      // log densities of size up to 200 in float: 200 * 2^-23 = 2.4e-5 in a responsibility, times an epsilon of order 1
      CHECK(test::largest_difference(got, expected) < 5e-5);
    }
  }
  CHECK(denoiser.channels() == m.channels);
  CHECK(denoiser.outputs() == m.channels);
  CHECK(denoiser.condition_width() == 0);
}

TEST_CASE("gaussian_mixture predicts the posterior mean of epsilon") {
  check({1, {1.0f}, {0.7f}, {0.4f}}, 1, 1.5);
  check({1, {0.3f, 0.7f}, {-2.0f, 1.0f}, {0.3f, 0.5f}}, 2, 2);
  check({3, {0.2f, 0.5f, 0.3f}, {-1, 0, 1, 1, 1, 0, 0, -2, 0.5f}, {0.6f, 0.9f, 0.3f}}, 3, 1.5);
  check({2, {2.0f, 6.0f}, {-1, 1, 1, -1}, {0.5f, 0.5f}}, 4, 1);  // weights need not sum to 1
}

TEST_CASE("gaussian_mixture stays finite where every density underflows") {
  float const weights[] = {0.5f, 0.5f}, means[] = {-1, 1}, deviations[] = {0.1f, 0.1f};
  ardent::denoiser::gaussian_mixture_function const function(1, 2, weights, means, deviations);
  ardent::time_point time;
  time.alpha = 1;
  time.sigma = 0.01f;
  float const x = 40;
  float epsilon = 0;
  function(&x, time, nullptr, &epsilon);
  double const v = 0.1 * 0.1 + 0.01 * 0.01;  // the nearer component has all the weight
  CHECK(epsilon == doctest::Approx(0.01 / v * 39).epsilon(1e-5));
}

TEST_CASE("gaussian_mixture as a denoiser treats each token of each branch alike on every group") {
  float const weights[] = {0.3f, 0.7f}, means[] = {-2, 1, 0, 1, -1, 0.5f}, deviations[] = {0.3f, 0.5f};
  ardent::denoiser::gaussian_mixture const denoiser(3, 2, weights, means, deviations);
  test::head_input const in({3, 3, 1, 1, 1}, 5, 2, 10);
  std::vector<float> const expected = evaluate_head(test::one_level<ardent::simd_level::baseline>{}, denoiser, in);
  for (std::size_t i = 0; i < 15; ++i) CHECK(expected[i] == expected[15 + i]);
  std::vector<float> const blocks = evaluate_head(ardent::executor::checked(3, 4), denoiser, in);
  CHECK(test::largest_difference(blocks, doubles(expected.begin(), expected.end())) < 1e-5);
  for (std::size_t i = 0; i < 15; ++i) CHECK(blocks[i] == blocks[15 + i]);
}

}  // namespace
