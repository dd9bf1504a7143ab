// SPDX-License-Identifier: Apache-2.0
//
// Whole trajectories of one token in double: the tables and update rules of DDPM (learned range), DDIM and
// DPM-Solver-1 over improved DDPM's respaced cosine schedule, from their formulas and not from the library's rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <set>
#include <vector>

#include "support/reference_head.hpp"

namespace test {

/// @brief One step of a respaced schedule.
struct reference_step {
  int timestep;             ///< what the network is told
  double abar, abar_prev;   ///< alphas_cumprod here and after the step
  double beta;              ///< 1 - abar / abar_prev
  double coef1, coef2;      ///< mean of the posterior = coef1 x0 + coef2 x
  double log_variance_min;  ///< log of the posterior variance, the last step's replaced by the one's before it
};

/// @brief K of 1000 training steps of the cosine schedule, clipped; noisiest first.
inline std::vector<reference_step> reference_steps(int requested, int clip) {
  auto const f = [](double t) { return std::pow(std::cos((t + 0.008) / 1.008 * 3.141592653589793 / 2), 2); };
  doubles abar(1000);
  double product = 1;
  for (int i = 0; i < 1000; ++i) {
    product *= 1 - std::min(1 - f((i + 1) / 1000.0) / f(i / 1000.0), 0.999);
    abar[static_cast<std::size_t>(i)] = product;
  }
  std::set<int> kept;
  if (requested == 1) kept.insert(std::min(clip, 999));  // one step starts from pure noise
  for (int i = 0; requested > 1 && i < requested; ++i)
    kept.insert(std::min(clip, static_cast<int>(std::lrint(i * 999.0 / (requested - 1)))));
  std::vector<reference_step> steps;
  double before = 1;
  for (int const t : kept) {
    reference_step s{};
    s.timestep = t;
    s.abar = abar[static_cast<std::size_t>(t)];
    s.abar_prev = before;
    s.beta = 1 - s.abar / s.abar_prev;
    s.coef1 = s.beta * std::sqrt(s.abar_prev) / (1 - s.abar);
    s.coef2 = (1 - s.abar_prev) * std::sqrt(1 - s.beta) / (1 - s.abar);
    s.log_variance_min = std::log(s.beta * (1 - s.abar_prev) / (1 - s.abar));
    before = s.abar;
    steps.push_back(s);
  }
  steps[0].log_variance_min = steps.size() > 1 ? steps[1].log_variance_min : std::log(steps[0].beta);
  std::reverse(steps.begin(), steps.end());
  return steps;
}

/// @brief The network at (x, timestep): C epsilons, then perhaps C variances.
using reference_network = std::function<doubles(doubles const& x, double timestep)>;
/// @brief The noise added at step k: C numbers.
using reference_noise = std::function<float const*(std::size_t k)>;

/// @brief Guidance: epsilon = unconditional + scale (conditional - unconditional); variances stay conditional.
inline reference_network guided(reference_head const& head, float const* z, float const* z_unconditional,
                                double scale) {
  return [=, &head](doubles const& x, double timestep) {
    doubles out = head(x.data(), timestep, z);
    doubles const other = head(x.data(), timestep, z_unconditional);
    for (std::size_t c = 0; c < x.size(); ++c) out[c] = other[c] + scale * (out[c] - other[c]);
    return out;
  };
}

/// @brief DDPM with learned-range variance; the last step adds no noise.
inline doubles reference_ddpm(std::vector<reference_step> const& steps, doubles x, reference_network const& network,
                              reference_noise const& noise, double temperature) {
  for (std::size_t k = 0; k < steps.size(); ++k) {
    reference_step const& s = steps[k];
    doubles const out = network(x, s.timestep);
    for (std::size_t c = 0; c < x.size(); ++c) {
      double const x0 = x[c] / std::sqrt(s.abar) - std::sqrt(1 / s.abar - 1) * out[c];
      double const f = (out[x.size() + c] + 1) / 2;
      double const log_variance = f * std::log(s.beta) + (1 - f) * s.log_variance_min;
      x[c] = s.coef1 * x0 + s.coef2 * x[c];
      if (k + 1 < steps.size()) x[c] += std::exp(0.5 * log_variance) * static_cast<double>(noise(k)[c]) * temperature;
    }
  }
  return x;
}

/// @brief DDIM.
inline doubles reference_ddim(std::vector<reference_step> const& steps, doubles x, reference_network const& network,
                              reference_noise const& noise, double eta) {
  for (std::size_t k = 0; k < steps.size(); ++k) {
    reference_step const& s = steps[k];
    doubles const out = network(x, s.timestep);
    double const sigma = eta * std::sqrt((1 - s.abar_prev) / (1 - s.abar)) * std::sqrt(1 - s.abar / s.abar_prev);
    for (std::size_t c = 0; c < x.size(); ++c) {
      double const x0 = (x[c] - std::sqrt(1 - s.abar) * out[c]) / std::sqrt(s.abar);
      x[c] = std::sqrt(s.abar_prev) * x0 + std::sqrt(1 - s.abar_prev - sigma * sigma) * out[c];
      if (k + 1 < steps.size() && eta > 0) x[c] += sigma * static_cast<double>(noise(k)[c]);
    }
  }
  return x;
}

/// @brief DPM-Solver-1 in lambda = log(alpha / sigma): x' = alpha' / alpha x - sigma' (e^h - 1) epsilon. The last step,
/// where h is infinite and sigma' is 0, takes the limit alpha' sigma / alpha of sigma' (e^h - 1).
inline doubles reference_dpm_solver_1(std::vector<reference_step> const& steps, doubles x,
                                      reference_network const& network) {
  for (reference_step const& s : steps) {
    doubles const out = network(x, s.timestep);
    double const alpha = std::sqrt(s.abar), sigma = std::sqrt(1 - s.abar);
    double const alpha_next = std::sqrt(s.abar_prev), sigma_next = std::sqrt(1 - s.abar_prev);
    double const h = std::log(alpha_next / sigma_next) - std::log(alpha / sigma);
    double const factor = sigma_next > 0 ? sigma_next * std::expm1(h) : alpha_next * sigma / alpha;
    for (std::size_t c = 0; c < x.size(); ++c) x[c] = alpha_next / alpha * x[c] - factor * out[c];
  }
  return x;
}

}  // namespace test
