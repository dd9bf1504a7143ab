// SPDX-License-Identifier: Apache-2.0
//
// Runs of diffusers schedulers by ardent's grids and solvers. Processes and grids are chosen at run time, for what they
// decide is a table.
#include "diffusers.hpp"
#include "rows_run.hpp"

#include <ardent/denoiser/pointwise.hpp>
#include <ardent/grid/karras.hpp>
#include <ardent/grid/leading.hpp>
#include <ardent/grid/linspace.hpp>
#include <ardent/grid/to_clean.hpp>
#include <ardent/grid/trailing.hpp>
#include <ardent/grid/without_first.hpp>

#include <algorithm>
#include <cmath>

namespace examples::replay {

namespace {

/// epsilon(x, t) = 0.3 x + 0.1 sin(t / 100).
struct sine_epsilon {
  static constexpr ardent::prediction predicted = ardent::prediction::epsilon;
  int count = 0;

  [[nodiscard]] int channels() const { return count; }
  [[nodiscard]] int outputs() const { return count; }
  [[nodiscard]] int condition_width() const { return 0; }
  void operator()(float const* x, ardent::time_point const& time, float const*, float* output) const {
    const float shift = 0.1f * std::sin(time.timestep / 100.0f);
    for (int c = 0; c < count; ++c) output[c] = 0.3f * x[c] + shift;
  }
};

/// A process policy: training steps whose alphas_cumprod are known.
class training_steps {
 public:
  static constexpr bool discrete_time = true;
  static constexpr ardent::path_kind path = ardent::path_kind::variance_preserving;

  training_steps() = default;
  explicit training_steps(std::vector<double> alphas_cumprod) : alphas_cumprod_(std::move(alphas_cumprod)) {}

  [[nodiscard]] int train_timesteps() const { return static_cast<int>(alphas_cumprod_.size()); }
  [[nodiscard]] int table_size() const { return train_timesteps(); }
  void fill_table(double* out) const { std::copy(alphas_cumprod_.begin(), alphas_cumprod_.end(), out); }
  ardent::node at(double const* table, int t) const { return ardent::variance_preserving_node(t, table[t]); }

 private:
  std::vector<double> alphas_cumprod_;
};

/// A process policy whose time is sigma / alpha, as diffusers reads Karras sigmas off the training steps: the denoiser
/// is told the training step, interpolated in log sigma (and rounded).
class sigma_time {
 public:
  static constexpr bool discrete_time = false;
  static constexpr ardent::path_kind path = ardent::path_kind::variance_preserving;

  sigma_time() = default;
  sigma_time(std::vector<double> const& alphas_cumprod, bool rounds) : rounds_(rounds) {
    for (double a : alphas_cumprod) log_sigmas_.push_back(0.5 * std::log((1 - a) / a));
  }

  [[nodiscard]] double start_time() const { return std::exp(log_sigmas_.back()); }
  [[nodiscard]] double end_time() const { return std::exp(log_sigmas_.front()); }
  [[nodiscard]] int table_size() const { return 0; }
  void fill_table(double*) const {}
  ardent::node at(double const*, double s) const {
    const double signal = 1 / (1 + s * s), alpha = std::sqrt(signal);
    return {timestep(std::log(s)), signal, alpha, s * alpha, 0, 0, s};
  }
  double time_of(double const*, double lambda) const { return std::exp(-lambda); }

 private:
  [[nodiscard]] double timestep(double log_sigma) const {
    const auto above = std::upper_bound(log_sigmas_.begin(), log_sigmas_.end(), log_sigma) - log_sigmas_.begin();
    const auto last = static_cast<std::ptrdiff_t>(log_sigmas_.size()) - 2;
    const auto low = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(above - 1, 0, last));
    const double share = (log_sigma - log_sigmas_[low]) / (log_sigmas_[low + 1] - log_sigmas_[low]);
    const double place = static_cast<double>(low) + std::clamp(share, 0.0, 1.0);
    return rounds_ ? std::nearbyint(place) : std::trunc(place);
  }

  std::vector<double> log_sigmas_;  // ascending
  bool rounds_ = true;
};

/// A grid policy: a spacing chosen at run time.
class spaced_timesteps {
 public:
  static constexpr int extra_steps = 1;  // of without_first

  spaced_timesteps() = default;
  explicit spaced_timesteps(diffusers_plan const& plan)
      : spacing_(plan.spacing), multistep_(plan.multistep), offset_(plan.offset), ends_at_first_(plan.ends_at_first) {}

  void timesteps(int steps, int total, int* out) const {
    namespace grid = ardent::grid;
    const auto by = [&]<class Grid>(Grid const& spacing) {
      if (multistep_)
        grid::without_first<Grid>(spacing).timesteps(steps, total, out);
      else
        spacing.timesteps(steps, total, out);
    };
    switch (spacing_) {
      case timestep_spacing::leading:
        return by(grid::leading<ardent::dynamic>(offset_));
      case timestep_spacing::linspace:
        return by(grid::linspace{});
      case timestep_spacing::trailing:
        return grid::trailing{}.timesteps(steps, total, out);
    }
  }
  template <ardent::discrete_process P>
  ardent::node end(P const& process, double const* table) const {
    return ends_at_first_ ? process.at(table, 0) : ardent::clean_node;
  }

 private:
  timestep_spacing spacing_ = timestep_spacing::leading;
  bool multistep_ = false;
  int offset_ = 0;
  bool ends_at_first_ = false;
};

template <class Sampler>
diffusers_run run(row_problem const& problem, int channels, Sampler const& sampler, float last_sigma) {
  diffusers_run run;
  for (auto const& row : sampler.rows(0)) {
    run.timesteps.push_back(static_cast<std::int64_t>(row.timestep));
    run.sigmas.push_back(row.sigma / row.alpha);
  }
  run.sigmas.push_back(last_sigma);
  run.drawn = run_watched(problem, sampler, ardent::denoiser::pointwise(sine_epsilon{channels}));
  return run;
}

}  // namespace

diffusers_run run_diffusers(row_problem const& problem, int channels, diffusers_plan const& plan) {
  if (plan.karras)
    return run(problem, channels,
               rows_sampler(problem, sigma_time(plan.alphas_cumprod, plan.rounds),
                            ardent::grid::to_clean<ardent::grid::karras<>>{}, plan.solver),
               0);
  const double first = plan.alphas_cumprod.front();
  return run(problem, channels,
             rows_sampler(problem, training_steps(plan.alphas_cumprod), spaced_timesteps(plan), plan.solver),
             plan.ends_at_first ? static_cast<float>(std::sqrt((1 - first) / first)) : 0);
}

}  // namespace examples::replay
