// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The reductions of the diagnostics by Thrust, for numbers that lie on a device.
///
/// Each takes a Thrust execution policy first and pointers that it can reach: `thrust::cuda::par.on(stream)` and device
/// memory, or `thrust::cpp::par` and the host's. They give what the functions of the same names without a policy give,
/// but for the order of sums. Results are on the host when a function returns, but for arrays that it is given to
/// write. A policy allocates what Thrust needs; `thrust::cuda::par(allocator).on(stream)` says where.
///
/// What they are given is drawn as ever: a denoiser in `diagnostics::recorded`, with a view of device memory, records
/// inside the kernels; a batched network's inputs and outputs are in the caller's hands between two launches.

#include <ardent/config.hpp>
#include <ardent/diagnostics/direction.hpp>
#include <ardent/diagnostics/sampling_error.hpp>
#include <ardent/diagnostics/straightness.hpp>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/functional.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/discard_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/reduce.h>
#include <thrust/transform_reduce.h>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

namespace detail {

// Functors and no lambdas: nvcc takes lambdas for devices by a flag only.

/// Welford's recursion over the draws of number i.
struct moments_of_number {
  float const* draws;
  int count;
  std::ptrdiff_t numbers;
  double *mean, *variance;
  ARDENT_HD void operator()(std::ptrdiff_t i) const {
    double m = 0, squares = 0;
    for (int d = 0; d < count; ++d) {
      const auto x = static_cast<double>(draws[d * numbers + i]);
      const double from_mean = x - m;
      m += from_mean / (d + 1);
      squares += from_mean * (x - m);
    }
    mean[i] = m;
    variance[i] = squares / (count - 1);
  }
};

/// Part k % (count_a + count_b) of the energy distance of row k / (count_a + count_b): all pairs of one draw with
/// others.
struct energy_term {
  float const *a, *b;
  int count_a, count_b, rows, channels;
  ARDENT_HD float const* token(float const* set, int draw, std::ptrdiff_t row) const {
    return set + (static_cast<std::ptrdiff_t>(draw) * rows + row) * channels;
  }
  ARDENT_HD double before(float const* set, int count, int draw, std::ptrdiff_t row) const {
    double sum = 0;
    for (int j = 0; j < draw; ++j) sum += distance(token(set, draw, row), token(set, j, row), channels);
    return 2 * sum / (static_cast<double>(count) * (count - 1));
  }
  ARDENT_HD double operator()(std::ptrdiff_t k) const {
    const std::ptrdiff_t row = k / (count_a + count_b);
    const int i = static_cast<int>(k % (count_a + count_b));
    if (i >= count_a) return -before(b, count_b, i - count_a, row);
    double between = 0;
    for (int j = 0; j < count_b; ++j) between += distance(token(a, i, row), token(b, j, row), channels);
    return 2 * between / (static_cast<double>(count_a) * count_b) - before(a, count_a, i, row);
  }
};

/// The row of an energy_term.
struct row_of_term {
  int terms;
  ARDENT_HD std::ptrdiff_t operator()(std::ptrdiff_t k) const { return k / terms; }
};

/// The cosines of row k % rows at step k / rows.
struct cosines_of {
  step_direction const* directions;
  trajectory_data record;
  float const* samples;
  ARDENT_HD cosine_sums operator()(std::ptrdiff_t k) const {
    const int step = static_cast<int>(k / record.rows), row = static_cast<int>(k % record.rows);
    return cosines_at(directions[step], record, samples, step, row);
  }
};

struct plus_cosines {
  ARDENT_HD cosine_sums operator()(cosine_sums const& x, cosine_sums const& y) const { return x + y; }
};

struct squared_difference {
  float const *a, *b;
  ARDENT_HD double operator()(std::ptrdiff_t i) const {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    return d * d;
  }
};

inline ::thrust::counting_iterator<std::ptrdiff_t> from_zero() {
  return ::thrust::make_counting_iterator<std::ptrdiff_t>(0);
}

inline void check_at_least(char const* where, char const* what, std::ptrdiff_t least, std::ptrdiff_t found) {
  if (found < least)
    throw std::invalid_argument("ardent::diagnostics::" + std::string(where) + ": expected at least " +
                                std::to_string(least) + " " + what + ", found " + std::to_string(found));
}

}  // namespace detail

/// @brief Means and unbiased variances over draws: what running_moments adds up.
/// @param policy    a Thrust execution policy that reaches the pointers
/// @param draws     [count][numbers]
/// @param count     draws, at least 2
/// @param numbers   of a draw, at least 1; rows * channels for token_variance_of
/// @param mean      [numbers], written
/// @param variance  [numbers], written; running_moments(mean, variance, count) takes host copies of both
/// @throws std::invalid_argument if a number is too small; what Thrust throws
template <class Policy>
void draw_moments(Policy const& policy, float const* draws, int count, std::ptrdiff_t numbers, double* mean,
                  double* variance) {
  detail::check_at_least("draw_moments", "draws", 2, count);
  detail::check_at_least("draw_moments", "number", 1, numbers);
  ::thrust::for_each_n(policy, detail::from_zero(), numbers,
                       detail::moments_of_number{draws, count, numbers, mean, variance});
}

/// @brief energy_distance of each row.
/// @param policy     a Thrust execution policy that reaches the pointers
/// @param a          [count_a][rows][channels] draws of X
/// @param count_a    at least 2
/// @param b          [count_b][rows][channels] draws of Y
/// @param count_b    at least 2
/// @param rows       tokens, at least 1
/// @param channels   numbers of a token, at least 1
/// @param distances  [rows], written
/// @throws std::invalid_argument if a number is too small; what Thrust throws
template <class Policy>
void energy_distances(Policy const& policy, float const* a, int count_a, float const* b, int count_b, int rows,
                      int channels, double* distances) {
  detail::check_at_least("energy_distances", "draws", 2, count_a < count_b ? count_a : count_b);
  detail::check_at_least("energy_distances", "row", 1, rows);
  detail::check_at_least("energy_distances", "channel", 1, channels);
  const int terms = count_a + count_b;
  const auto keys = ::thrust::make_transform_iterator(detail::from_zero(), detail::row_of_term{terms});
  const auto values = ::thrust::make_transform_iterator(detail::from_zero(),
                                                        detail::energy_term{a, b, count_a, count_b, rows, channels});
  ::thrust::reduce_by_key(policy, keys, keys + static_cast<std::ptrdiff_t>(rows) * terms, values,
                          ::thrust::make_discard_iterator(), distances);
}

/// @brief straightness_of, of a record on a device.
/// @param policy      a Thrust execution policy that reaches the pointers
/// @param directions  [steps] a copy of what directions_of(sampler, ar_step) returns
/// @param record      its pointers as well
/// @param samples     [rows][channels] where the trajectories ended
/// @throws std::invalid_argument if a number of the record is below 1; what Thrust throws
template <class Policy>
straightness straightness_of(Policy const& policy, step_direction const* directions, trajectory_data const& record,
                             float const* samples) {
  detail::check_at_least("straightness_of", "step", 1, record.steps);
  detail::check_at_least("straightness_of", "row", 1, record.rows);
  detail::check_at_least("straightness_of", "channel", 1, record.channels);
  const std::ptrdiff_t pairs = static_cast<std::ptrdiff_t>(record.steps) * record.rows;
  return mean_of(::thrust::transform_reduce(policy, detail::from_zero(), detail::from_zero() + pairs,
                                            detail::cosines_of{directions, record, samples}, cosine_sums{},
                                            detail::plus_cosines{}));
}

/// @brief root_mean_square_distance, of draws on a device.
/// @param policy    a Thrust execution policy that reaches the pointers
/// @param a         [tokens][channels] one draw
/// @param b         [tokens][channels] another
/// @param tokens    at least 1
/// @param channels  numbers of a token, at least 1
/// @throws std::invalid_argument if a number is too small; what Thrust throws
template <class Policy>
double root_mean_square_distance(Policy const& policy, float const* a, float const* b, std::ptrdiff_t tokens,
                                 int channels) {
  detail::check_at_least("root_mean_square_distance", "token", 1, tokens);
  detail::check_at_least("root_mean_square_distance", "channel", 1, channels);
  const double sum = ::thrust::transform_reduce(policy, detail::from_zero(), detail::from_zero() + tokens * channels,
                                                detail::squared_difference{a, b}, 0.0, ::thrust::plus<double>{});
  return std::sqrt(sum / static_cast<double>(tokens));
}

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
