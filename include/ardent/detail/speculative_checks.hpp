// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a speculative generation refuses, and the noise that its two models share.

#include <ardent/config.hpp>
#include <ardent/generate.hpp>
#include <ardent/random/random.hpp>
#include <ardent/speculative/options.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace detail {

/// The noise of a token's steps is that of its image and position alone: draft and target draw it in other AR steps,
/// and their trajectories shall not differ by it. That of the last step has a step of its own in its key, so that it is
/// nowhere an earlier step's, also where the two take different numbers of steps: the draft's token must not depend on
/// what the target's mean depends on, but through the noise before.
template <class Random>
struct aligned_noise {
  Random const& random;
  int last;  // denoising step
  ARDENT_INLINE auto normal(noise_key key, int q) const {
    key.ar_step = 0;
    if (key.domain == noise_domain::step && key.step == last) key.step = 65535;
    return random.normal(key, q);
  }
  ARDENT_INLINE std::uint64_t order_key(std::uint32_t image, std::uint32_t position) const {
    return random.order_key(image, position);
  }
};

template <class Sampler>
inline constexpr bool ends_with_noise = [] {
  if constexpr (requires { Sampler::solver_type::ends_with_noise; })
    return Sampler::solver_type::ends_with_noise;
  else
    return false;
}();

template <class Sampler, class Policy, class Target, class Draft, class Executor>
void check_speculative(Sampler const& sampler, speculative_options<Policy> const& options, Target& target, Draft& draft,
                       int images) {
  static_assert(
      ends_with_noise<Sampler>,
      "ardent::generate_speculative: the solver adds no noise in its last step, so that a token has no density to "
      "compare. Use solver::ddpm_with_last_noise.");
  if constexpr (ends_with_noise<Sampler>) {
    check_composition<Sampler, Target, Executor>(sampler, target, images);
    check_composition<Sampler, Draft, Executor>(sampler, draft, images);
  }
  const auto refuse = [](std::string const& expected, std::string const& found) {
    throw std::invalid_argument("ardent::generate_speculative: expected " + expected + ", found " + found);
  };
  const int channels = target.denoiser().channels(), others = draft.denoiser().channels();
  if (channels != others)
    refuse("a draft of " + std::to_string(channels) + " channels as the target has", std::to_string(others));
  if (options.max_rounds < 1 || options.max_rounds > 65535)
    refuse("1 to 65535 rounds", std::to_string(options.max_rounds));
  for (int i = 0; i < sampler.ar_steps(); ++i)
    if (!(static_cast<float>(sampler.noise_factor(i)) > 0))
      refuse("a temperature above 0 at every AR step, as tokens without noise have no density to compare",
             std::to_string(sampler.noise_factor(i)) + " at AR step " + std::to_string(i));
  if (Policy::counts_path)
    for (int i = 1; i < sampler.ar_steps(); ++i)
      if (sampler.effective_steps(i) != sampler.effective_steps(0))
        refuse("as many denoising steps at every AR step, as this acceptance policy compares the steps' noise",
               std::to_string(sampler.effective_steps(0)) + " and " + std::to_string(sampler.effective_steps(i)));
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
