// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief How far an error of one AR step's tokens spreads over the image: later tokens see it.

#include <ardent/diagnostics/walk.hpp>
#include <ardent/generate.hpp>
#include <ardent/generate_batched.hpp>
#include <ardent/random/random.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

/// @brief A source of randomness that is another one at a single AR step, and everywhere else the first. Orders are the
/// first one's.
template <random_source Random>
class other_noise_at {
 public:
  /// @param random   the usual noise, and the orders
  /// @param other    the noise of one AR step
  /// @param ar_step  which
  constexpr other_noise_at(Random const& random, Random const& other, int ar_step)
      : random_(random), other_(other), ar_step_(ar_step) {}

  /// @brief As a random_source has it.
  ARDENT_INLINE auto normal(noise_key const& key, int q) const {
    return key.ar_step == ar_step_ ? other_.normal(key, q) : random_.normal(key, q);
  }
  /// @brief As a random_source has it.
  ARDENT_INLINE std::uint64_t order_key(std::uint32_t image, std::uint32_t position) const {
    return random_.order_key(image, position);
  }

 private:
  Random random_, other_;
  int ar_step_;
};

/// @brief What became of a change of one AR step's tokens.
struct sensitivity {
  double changed = 0;  ///< squared change of the AR step's own tokens, summed over images and numbers
  double spread = 0;   ///< squared change of the whole images, theirs included
  /// @brief How much larger; at least 1, or 0 if nothing changed.
  double factor() const { return changed > 0 ? spread / changed : 0; }
};

namespace detail {

/// Images by either kind of generation.
template <class Sampler, class Model, class Executor, class Random>
std::vector<float> drawn_images(Sampler const& sampler, Model& model, Executor const& executor, Random const& random,
                                batch which) {
  const int channels = channels_of<Model, Executor>(model);
  std::vector<float> tokens(static_cast<std::size_t>(which.images) *
                            static_cast<std::size_t>(sampler.sequence_length()) * static_cast<std::size_t>(channels));
  if constexpr (ar_model<Model, Executor>)
    generate(sampler, model, executor, random, which, tokens);
  else
    generate_batched(sampler, model, executor, random, which, tokens);
  return tokens;
}

}  // namespace detail

/// @brief Draws images, and for each AR step the same images with other noise in that step alone: all that differs
/// later is what the changed tokens brought about.
/// @param sampler   a sampler whose AR steps draw from noise of their own
/// @param model     an ar_model or a batched_ar_model
/// @param executor  a host executor
/// @param random    orders, and noise
/// @param other     the other noise, for instance random::philox of another seed
/// @param which     how many images, and the index of the first
/// @return one entry for each AR step
/// @throws std::invalid_argument if sizes do not fit one another
template <class Sampler, class Model, class Executor, random_source Random>
std::vector<sensitivity> sensitivities(Sampler const& sampler, Model& model, Executor const& executor,
                                       Random const& random, Random const& other, batch which) {
  const int channels = detail::channels_of<Model, Executor>(model), length = sampler.sequence_length();
  const std::vector<float> usual = detail::drawn_images(sampler, model, executor, random, which);
  // which AR step draws a number
  std::vector<int> step_of(usual.size() / static_cast<std::size_t>(channels));
  walk(sampler, model, executor, random, which, usual, [&](prefix const& at) {
    for (int r = 0; r < at.rows(); ++r)
      step_of[static_cast<std::size_t>(r / at.view.tokens_per_image) * static_cast<std::size_t>(length) +
              static_cast<std::size_t>(at.view.positions[r])] = at.view.ar_step;
  });
  std::vector<sensitivity> all(static_cast<std::size_t>(sampler.ar_steps()));
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    const std::vector<float> changed =
        detail::drawn_images(sampler, model, executor, other_noise_at<Random>(random, other, i), which);
    sensitivity& of = all[static_cast<std::size_t>(i)];
    for (std::size_t e = 0; e < usual.size(); ++e) {
      const double d = static_cast<double>(changed[e]) - static_cast<double>(usual[e]);
      of.spread += d * d;
      if (step_of[e / static_cast<std::size_t>(channels)] == i) of.changed += d * d;
    }
  }
  return all;
}

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
