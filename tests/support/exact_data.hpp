// SPDX-License-Identifier: Apache-2.0
//
// Data whose best denoiser is known in closed form, in double: mixtures of Gaussians in one dimension, and the exact
// trajectories of their probability-flow ODE.
#pragma once

#include <ardent/prediction.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace test {

/// @brief Signal and noise level at a time of a path.
struct level {
  double alpha;  ///< signal
  double sigma;  ///< noise
};

/// @brief What the best denoiser says of x = alpha x0 + sigma epsilon: the expectations given x.
struct exact_answer {
  double x0;       ///< of the clean number
  double epsilon;  ///< of the noise
};

/// @brief A Gaussian of a mixture.
struct component {
  double weight;     ///< its share
  double mean;       ///< its mean
  double deviation;  ///< its standard deviation
};

/// @brief A mixture of Gaussians.
struct mixture {
  std::vector<component> components;  ///< the Gaussians

  /// @brief The expectations given x.
  exact_answer at(double x, level const& l) const {
    auto const variance = [&](component const& c) {
      return l.alpha * l.alpha * c.deviation * c.deviation + l.sigma * l.sigma;
    };
    double least = 1e300;  // of the exponents, so that not all shares underflow far from the data
    for (component const& c : components)
      least = std::fmin(least, (x - l.alpha * c.mean) * (x - l.alpha * c.mean) / (2 * variance(c)));
    exact_answer sum{0, 0};
    double total = 0;
    for (component const& c : components) {
      double const v = variance(c), d = x - l.alpha * c.mean;
      double const share = c.weight * std::exp(least - d * d / (2 * v)) / std::sqrt(v);
      total += share;
      sum.x0 += share * (c.mean + l.alpha * c.deviation * c.deviation / v * d);
      sum.epsilon += share * l.sigma / v * d;
    }
    return {sum.x0 / total, sum.epsilon / total};
  }
};

/// @brief A path seen as a function of lambda = log(alpha / sigma): its levels and their derivatives.
enum class path_shape {
  variance_preserving,  ///< alpha^2 + sigma^2 = 1
  linear,               ///< alpha + sigma = 1
};

/// @brief The levels at lambda.
inline level level_at(path_shape shape, double lambda) {
  if (shape == path_shape::linear) return {1 / (1 + std::exp(-lambda)), 1 / (1 + std::exp(lambda))};
  return {1 / std::sqrt(1 + std::exp(-2 * lambda)), 1 / std::sqrt(1 + std::exp(2 * lambda))};
}

/// @brief dx / dlambda = x0 dalpha / dlambda + epsilon dsigma / dlambda.
inline double ode_rate(path_shape shape, mixture const& data, double x, level const& l) {
  exact_answer const a = data.at(x, l);
  if (shape == path_shape::linear) return l.alpha * l.sigma * (a.x0 - a.epsilon);
  return l.alpha * l.sigma * (l.sigma * a.x0 - l.alpha * a.epsilon);
}

/// @brief Where the ODE takes each start, from one lambda to another: classical Runge-Kutta with 20,000 steps.
inline std::vector<double> ode_ends(path_shape shape, mixture const& data, std::vector<double> x, double from,
                                    double to) {
  constexpr int steps = 20000;
  double const h = (to - from) / steps;
  level start = level_at(shape, from);
  for (int k = 0; k < steps; ++k) {
    level const middle = level_at(shape, from + (k + 0.5) * h), end = level_at(shape, from + (k + 1) * h);
    for (double& value : x) {
      double const a = ode_rate(shape, data, value, start);
      double const b = ode_rate(shape, data, value + h / 2 * a, middle);
      double const c = ode_rate(shape, data, value + h / 2 * b, middle);
      double const d = ode_rate(shape, data, value + h * c, end);
      value += h / 6 * (a + 2 * b + 2 * c + d);
    }
    start = end;
  }
  return x;
}

/// @brief What a network of the kind `from` says; a velocity is that of the linear path, or else of flow_cosine.
inline double output_of(ardent::prediction from, exact_answer const& a, level const& l, path_shape shape) {
  constexpr double half_pi = 1.5707963267948966;
  switch (from) {
    case ardent::prediction::epsilon:
      return a.epsilon;
    case ardent::prediction::x0:
      return a.x0;
    case ardent::prediction::v:
      return l.alpha * a.epsilon - l.sigma * a.x0;
    case ardent::prediction::velocity:
      return shape == path_shape::linear ? a.epsilon - a.x0 : half_pi * (l.alpha * a.epsilon - l.sigma * a.x0);
  }
  return 0;
}

}  // namespace test
