// SPDX-License-Identifier: Apache-2.0
//
// The measurements of any system, by ardent's diagnostics.
#pragma once

#include <ardent/diagnostics/predictability.hpp>
#include <ardent/diagnostics/repeated_draws.hpp>
#include <ardent/diagnostics/sampling_error.hpp>
#include <ardent/diagnostics/sensitivity.hpp>
#include <ardent/diagnostics/straightness.hpp>
#include <ardent/diagnostics/token_variance.hpp>
#include <ardent/diagnostics/walk.hpp>
#include <ardent/random/philox.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/network/host_executor.hpp"
#include "common/network/timed_model.hpp"
#include "measurements.hpp"

namespace examples::profile {

/// @brief Images whose prefixes are measured.
struct known_images {
  std::vector<float> tokens;  ///< [images][sequence_length][channels]
  std::vector<int> labels;    ///< [images]

  /// @brief Some of them.
  [[nodiscard]] known_images part(std::size_t first, std::size_t count) const {
    const std::size_t size = labels.empty() ? 0 : tokens.size() / labels.size();
    return {{tokens.begin() + static_cast<std::ptrdiff_t>(first * size),
             tokens.begin() + static_cast<std::ptrdiff_t>((first + count) * size)},
            {labels.begin() + static_cast<std::ptrdiff_t>(first),
             labels.begin() + static_cast<std::ptrdiff_t>(first + count)}};
  }
};

/// @brief Called before each measurement, with its name.
using announce = std::function<void(std::string const&)>;

namespace diagnostics = ardent::diagnostics;

/// @brief Measures a system.
///
/// - `system.model(labels, branches, workers)`: a batch of images, an ar_model or a batched_ar_model.
/// - `system.own(steps)`: the system's sampler with these steps at each AR step; `system.own(table)` with one number
/// for
///   each.
/// - `system.coarse(steps)`: the solver of the ODE on every other time of the grid of 2 * steps; `system.fine(steps)`:
/// on
///   all of them.
template <class System>
class measuring {
 public:
  /// @param system  outlives it
  measuring(System const& system, settings const& how, announce say)
      : system_(system), how_(how), say_(std::move(say)), executor_(how.threads) {}

  /// @brief Everything.
  /// @param real  images that the model has not drawn, how.pairs of them; empty: only its own prefixes are measured
  [[nodiscard]] std::vector<ar_step_row> operator()(known_images const& real) {
    const auto annealed = system_.own(how_.annealed);
    rows_.resize(static_cast<std::size_t>(annealed.ar_steps()));
    for (int i = 0, known = 0; i < annealed.ar_steps(); ++i) {
      ar_step_row& row = at(i);
      row.ar_step = i;
      row.tokens = annealed.tokens(i);
      row.known = known;
      row.timed_steps = annealed.effective_steps(i);
      known += row.tokens;
    }
    const known_images drawn = draw(annealed, real.labels);
    const diagnostics::running_moments marginal = moments_of(real.tokens.empty() ? drawn : real);
    const auto few = static_cast<std::size_t>(how_.images), fewer = static_cast<std::size_t>(how_.error_images);
    if (!real.tokens.empty()) {
      say_("token variance after real prefixes");
      variance(real.part(0, few), marginal, [](ar_step_row& row) -> variance_row& { return row.real.emplace(); });
    }
    say_("token variance after its own prefixes");
    variance(drawn.part(0, few), marginal, [](ar_step_row& row) -> variance_row& { return row.generated; });
    known_images const& walked = real.tokens.empty() ? drawn : real;
    say_("straightness");
    const auto own = system_.own(how_.steps);
    straightness(own, walked.part(0, few), [](ar_step_row& row) -> straightness_row& { return row.own; });
    straightness(diagnostics::probability_flow(own), walked.part(0, few),
                 [](ar_step_row& row) -> straightness_row& { return row.ode; });
    sensitivity(real.labels);
    if (!real.tokens.empty()) {
      say_("predictability");
      predictability(real);
    }
    using own_type = std::remove_const_t<decltype(own)>;
    if constexpr (own_type::solver_type::stochastic) errors(walked.part(0, fewer));
    halving(walked.part(0, fewer));
    return rows_;
  }

 private:
  ar_step_row& at(int ar_step) { return rows_[static_cast<std::size_t>(ar_step)]; }
  [[nodiscard]] ardent::batch batch_of(known_images const& images) const {
    return {static_cast<int>(images.labels.size()), 0};
  }
  [[nodiscard]] ardent::random::philox random() const { return ardent::random::philox(how_.seed); }

  /// Images of these labels as the annealed sampler draws them; what that takes by AR step.
  template <class Sampler>
  known_images draw(Sampler const& sampler, std::vector<int> const& labels) {
    say_("drawing and timing");
    known_images made{{}, labels};
    double backbone = 0, before = 0;
    auto last = std::chrono::steady_clock::now();
    const auto watch = [&](ardent::ar_step_report const& report) {
      const auto now = std::chrono::steady_clock::now();
      const double all = std::chrono::duration<double>(now - last).count();
      at(report.ar_step).backbone_seconds += backbone - before;
      at(report.ar_step).head_seconds += all - (backbone - before);
      before = backbone;
      last = now;
    };
    constexpr std::size_t at_once = 64;
    for (std::size_t first = 0; first < labels.size(); first += at_once) {
      const std::size_t count = std::min(at_once, labels.size() - first);
      auto model = system_.model({labels.begin() + static_cast<std::ptrdiff_t>(first),
                                  labels.begin() + static_cast<std::ptrdiff_t>(first + count)},
                                 Sampler::branches, executor_.threads());
      std::vector<float> tokens(count * system_.image_floats());
      const ardent::batch which{static_cast<int>(count), static_cast<std::uint32_t>(first)};
      last = std::chrono::steady_clock::now();
      if constexpr (ardent::ar_model<decltype(model), host_executor>) {
        timed_model timed(model, backbone);
        ardent::generate(sampler, timed, executor_, random(), which, tokens, watch);
      } else {
        timed_batched_model timed(model, backbone);
        ardent::generate_batched(sampler, timed, executor_, random(), which, tokens, watch);
      }
      made.tokens.insert(made.tokens.end(), tokens.begin(), tokens.end());
    }
    return made;
  }

  [[nodiscard]] diagnostics::running_moments moments_of(known_images const& images) const {
    diagnostics::running_moments moments(system_.image_floats());
    for (std::size_t i = 0; i < images.labels.size(); ++i)
      moments.add(std::span(images.tokens).subspan(i * system_.image_floats(), system_.image_floats()));
    return moments;
  }

  template <class Row>
  void variance(known_images const& images, diagnostics::running_moments const& marginal, Row const& row_of) {
    const auto sampler = system_.own(how_.steps);
    auto model = system_.model(images.labels, decltype(sampler)::branches, executor_.threads());
    diagnostics::repeated_draws<std::remove_const_t<decltype(sampler)>, decltype(model), host_executor> draws(
        sampler, model, executor_, static_cast<int>(images.labels.size()));
    diagnostics::walk(
        sampler, model, executor_, random(), batch_of(images), images.tokens, [&](diagnostics::prefix const& here) {
          diagnostics::running_moments moments(here.tokens.size());
          std::vector<float> samples(here.tokens.size());
          for (int d = 0; d < how_.draws; ++d) {
            draws.draw(here, diagnostics::noise_of_draw(how_.seed + 1, d), samples);
            moments.add(samples);
          }
          const auto found = diagnostics::token_variance_of(
              moments, {here.view.positions, static_cast<std::size_t>(here.rows())}, marginal, here.view.channels);
          row_of(at(here.view.ar_step)) = {found.share, found.variance, found.background_variance,
                                           static_cast<int>(found.rows), static_cast<int>(found.background_rows)};
        });
  }

  template <class Sampler, class Row>
  void straightness(Sampler const& sampler, known_images const& images, Row const& row_of) {
    auto model = system_.model(images.labels, Sampler::branches, executor_.threads());
    diagnostics::repeated_draws<Sampler, decltype(model), host_executor> draws(sampler, model, executor_,
                                                                               static_cast<int>(images.labels.size()));
    diagnostics::walk(sampler, model, executor_, random(), batch_of(images), images.tokens,
                      [&](diagnostics::prefix const& here) {
                        const int i = here.view.ar_step;
                        diagnostics::trajectory_record record(sampler.effective_steps(i), here.rows(),
                                                              here.view.channels, Sampler::branches);
                        std::vector<float> samples(here.tokens.size());
                        draws.draw(here, diagnostics::noise_of_draw(how_.seed + 2, 0), samples, &record);
                        const auto found = diagnostics::straightness_of(sampler, i, record, samples);
                        row_of(at(i)) = {found.score, found.velocity};
                      });
  }

  /// What becomes of a change of each AR step's tokens, of as many images as the others are measured on.
  void sensitivity(std::vector<int> const& labels) {
    say_("sensitivity");
    const auto sampler = system_.own(how_.annealed);
    auto model =
        system_.model({labels.begin(), labels.begin() + how_.images}, decltype(sampler)::branches, executor_.threads());
    const auto found = diagnostics::sensitivities(sampler, model, executor_, random(),
                                                  ardent::random::philox(how_.seed + 1000), {how_.images, 0});
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].sensitivity = found[i].factor();
  }

  /// From conditions to tokens by a regression, where the model gives conditions; else by the network's own one step.
  void predictability(known_images const& images) {
    const auto sampler = system_.fine(1);  // of a flow, its one step is x_1 - v(x_1, t = 1)
    using sampler_type = std::remove_const_t<decltype(sampler)>;
    auto model = system_.model(images.labels, sampler_type::branches, executor_.threads());
    constexpr bool conditioned = ardent::ar_model<decltype(model), host_executor>;
    diagnostics::repeated_draws<sampler_type, decltype(model), host_executor> draws(
        sampler, model, executor_, static_cast<int>(images.labels.size()));
    diagnostics::walk(sampler, model, executor_, random(), batch_of(images), images.tokens,
                      [&](diagnostics::prefix const& here) {
                        std::optional<double>& found = at(here.view.ar_step).predictability;
                        if constexpr (conditioned) {
                          found = by_regression(here);
                        } else {
                          std::vector<float> guessed(here.tokens.size());
                          draws.draw(here, diagnostics::noise_of_draw(how_.seed + 3, 0), guessed);
                          found = diagnostics::r_squared(guessed, here.tokens, here.view.channels);
                        }
                      });
  }

  /// R^2 on the last quarter of the rows, which are other images than those that the regression has seen.
  static double by_regression(diagnostics::prefix const& here) {
    const auto rows = static_cast<std::size_t>(here.rows()), c = static_cast<std::size_t>(here.view.channels);
    const std::size_t held = rows / 4, fit = rows - held;
    // of two branches, the conditional one comes first
    const std::size_t w = here.conditions.size() / rows / static_cast<std::size_t>(here.view.branches);
    const diagnostics::regression network(here.conditions.first(fit * w), static_cast<int>(w),
                                          here.tokens.first(fit * c), here.view.channels);
    std::vector<float> guessed(held * c);
    network.predict(here.conditions.subspan(fit * w, held * w), guessed);
    return diagnostics::r_squared(guessed, here.tokens.subspan(fit * c), here.view.channels);
  }

  /// Draws of K steps against draws of many, at the same conditions.
  void errors(known_images const& images) {
    const auto walked = system_.own(how_.steps);
    using sampler_type = std::remove_const_t<decltype(walked)>;
    const int count = static_cast<int>(images.labels.size());
    auto model = system_.model(images.labels, sampler_type::branches, executor_.threads());
    using draws_type = diagnostics::repeated_draws<sampler_type, decltype(model), host_executor>;
    std::vector<sampler_type> samplers;  // not moved again: draws refer to them
    samplers.reserve(how_.error_steps.size() + 1);
    for (const int steps : how_.error_steps) samplers.push_back(system_.own(steps));
    samplers.push_back(system_.own(how_.reference_steps));
    std::vector<std::unique_ptr<draws_type>> draws;
    for (sampler_type const& one : samplers)
      draws.push_back(std::make_unique<draws_type>(one, model, executor_, count));
    const auto set_of = [&](draws_type& from, diagnostics::prefix const& here, std::uint64_t seed) {
      diagnostics::draw_set set(here.rows(), here.view.channels);
      for (int d = 0; d < how_.error_draws; ++d) from.draw(here, diagnostics::noise_of_draw(seed, d), set.add());
      return set;
    };
    say_("errors of few steps");
    diagnostics::walk(
        walked, model, executor_, random(), batch_of(images), images.tokens, [&](diagnostics::prefix const& here) {
          ar_step_row& row = at(here.view.ar_step);
          const auto reference = set_of(*draws.back(), here, how_.seed + 4);
          row.floor =
              diagnostics::mean_energy_distance(executor_, set_of(*draws.back(), here, how_.seed + 5), reference);
          for (std::size_t k = 0; k < how_.error_steps.size(); ++k) {
            const auto set = set_of(*draws[k], here, how_.seed + 6 + k);
            const auto moments = diagnostics::moment_error_of(set, reference);
            row.errors.push_back({samplers[k].effective_steps(here.view.ar_step),
                                  diagnostics::mean_energy_distance(executor_, set, reference), moments.mean,
                                  moments.variance});
          }
        });
  }

  /// K against 2 K steps of the ODE's solver from the same starts.
  void halving(known_images const& images) {
    say_("K against 2 K steps");
    const int count = static_cast<int>(images.labels.size());
    for (const int steps : how_.error_steps) {
      const auto coarse = system_.coarse(steps);
      const auto fine = system_.fine(2 * steps);
      auto model = system_.model(images.labels, decltype(coarse)::branches, executor_.threads());
      diagnostics::repeated_draws<std::remove_const_t<decltype(coarse)>, decltype(model), host_executor> few(
          coarse, model, executor_, count);
      diagnostics::repeated_draws<std::remove_const_t<decltype(fine)>, decltype(model), host_executor> many(
          fine, model, executor_, count);
      diagnostics::walk(coarse, model, executor_, random(), batch_of(images), images.tokens,
                        [&](diagnostics::prefix const& here) {
                          const int i = here.view.ar_step;
                          if (!diagnostics::are_nested(coarse, fine, i)) return;
                          double square = 0;
                          constexpr int starts = 8;
                          std::vector<float> a(here.tokens.size()), b(here.tokens.size());
                          for (int d = 0; d < starts; ++d) {
                            const auto noise = diagnostics::noise_of_draw(how_.seed + 100, d);
                            few.draw(here, noise, a);
                            many.draw(here, noise, b);
                            const double apart = diagnostics::root_mean_square_distance(a, b, here.view.channels);
                            square += apart * apart / starts;
                          }
                          at(i).halving.push_back({coarse.effective_steps(i), std::sqrt(square)});
                        });
    }
  }

  System const& system_;
  settings how_;
  announce say_;
  host_executor executor_;
  std::vector<ar_step_row> rows_;
};

}  // namespace examples::profile
