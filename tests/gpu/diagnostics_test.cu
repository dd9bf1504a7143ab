// SPDX-License-Identifier: Apache-2.0
//
// The diagnostics' reductions on a GPU, on a stream, against the host's.
#include <doctest/doctest.h>
#include <ardent/annealing/constant.hpp>
#include <ardent/diagnostics/thrust.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/sampler.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <type_traits>
#include <vector>

#include <thrust/device_vector.h>
#include <thrust/host_vector.h>
#include <thrust/system/cuda/execution_policy.h>

#include "gpu/device_array.hpp"

namespace {

using namespace ardent::diagnostics;
using doctest::Approx;

constexpr int rows = 70, channels = 16;

template <class T>
T const* at(thrust::device_vector<T> const& v) {
  return thrust::raw_pointer_cast(v.data());
}

std::vector<float> normals(std::size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.25f, 1);
  std::vector<float> numbers(count);
  for (float& x : numbers) x = normal(engine);
  return numbers;
}

draw_set drawn(std::vector<float> const& numbers) {
  draw_set set(rows, channels);
  for (auto from = numbers.begin(); from != numbers.end(); from += rows * channels)
    std::copy_n(from, rows * channels, set.add().begin());
  return set;
}

}  // namespace

TEST_CASE("gpu diagnostics: moments, energy distances and distances of draws are the host's") {
  const std::vector<float> host_a = normals(33 * rows * channels, 1), host_b = normals(20 * rows * channels, 2);
  const thrust::device_vector<float> a = host_a, b = host_b;
  const draw_set set_a = drawn(host_a), set_b = drawn(host_b);
  const test::device_stream stream;
  const auto policy = thrust::cuda::par.on(stream.get());

  thrust::device_vector<double> mean(rows * channels), variance(mean.size()), distances(rows);
  draw_moments(policy, at(a), 33, rows * channels, thrust::raw_pointer_cast(mean.data()),
               thrust::raw_pointer_cast(variance.data()));
  energy_distances(policy, at(a), 33, at(b), 20, rows, channels, thrust::raw_pointer_cast(distances.data()));
  const double apart = root_mean_square_distance(policy, at(a), at(b), rows, channels);
  const thrust::host_vector<double> means = mean, variances = variance, found = distances;

  running_moments running(rows * channels);
  for (int d = 0; d < 33; ++d) running.add(set_a.draw(d));
  for (std::size_t i = 0; i < means.size(); ++i) {
    CHECK(means[i] == Approx(running.mean(i)).epsilon(1e-10));
    CHECK(variances[i] == Approx(running.variance(i)).epsilon(1e-10));
  }
  for (int r = 0; r < rows; ++r)
    CHECK(found[static_cast<std::size_t>(r)] == Approx(energy_distance(set_a, set_b, r)).epsilon(1e-9));
  CHECK(apart == Approx(root_mean_square_distance(set_a.draw(0), set_b.draw(0), channels)).epsilon(1e-10));
}

TEST_CASE("gpu diagnostics: the straightness of a record is the host's") {
  const auto check = [](auto const& sampler) {
    constexpr int branches = std::remove_cvref_t<decltype(sampler)>::branches;
    const std::vector<step_direction> directions = directions_of(sampler, 0);
    const int steps = static_cast<int>(directions.size());
    const std::size_t numbers = std::size_t{rows} * channels, all = static_cast<std::size_t>(steps) * numbers;
    trajectory_record record(steps, rows, channels, branches);
    const std::vector<float> x = normals(all, 3), output = normals(all * branches, 4), samples = normals(numbers, 5);
    std::copy(x.begin(), x.end(), record.view().x);
    std::copy(output.begin(), output.end(), record.view().output);

    const thrust::device_vector<float> on_x = x, on_output = output, on_samples = samples;
    const thrust::device_vector<step_direction> on_directions = directions;
    const test::device_stream stream;
    trajectory_data data = record.data();
    data.x = at(on_x);
    data.output = at(on_output);
    const straightness expected = straightness_of(sampler, 0, record, samples);
    const straightness found =
        straightness_of(thrust::cuda::par.on(stream.get()), at(on_directions), data, at(on_samples));
    CHECK(found.directions == expected.directions);
    CHECK(found.score == Approx(expected.score).epsilon(1e-9));
    CHECK(found.velocity == Approx(expected.velocity).epsilon(1e-9));
  };
  check(ardent::sampler<ardent::ordering::raster<1>, ardent::annealing::constant<20>>());
  check(ardent::sampler<ardent::ordering::raster<1>, ardent::annealing::constant<7>, ardent::guidance::constant<3>>());
}
