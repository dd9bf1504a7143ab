// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The AR loop of continuous speculative decoding: a draft model draws, and a target model verifies many AR
/// steps at once.

#include <ardent/detail/draw_ar_step.hpp>
#include <ardent/detail/generation_checks.hpp>
#include <ardent/detail/speculative_checks.hpp>
#include <ardent/detail/speculative_memory.hpp>
#include <ardent/generate.hpp>
#include <ardent/model.hpp>
#include <ardent/random/random.hpp>
#include <ardent/speculative/acceptance.hpp>
#include <ardent/speculative/options.hpp>
#include <ardent/speculative/verify.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <type_traits>
#include <utility>

namespace ardent {
inline namespace v0 {

/// @brief What a speculative generation did. Sums over the images.
struct speculative_counts {
  long long target_steps = 0;  ///< AR steps at which the target ran
  long long draft_steps = 0;   ///< AR steps at which the draft ran
  long long drafted = 0;       ///< tokens that the draft drew
  long long accepted = 0;      ///< those that stayed
  long long rounds = 0;        ///< proposals drawn for the others
  long long exhausted = 0;     ///< refused tokens that no round replaced: they are samples of the target's last step
};

/// @brief Bytes of workspace that a speculative generation of this batch needs, aligned to 64.
/// @throws std::invalid_argument if sizes do not fit one another, or an AR step has temperature 0
template <class Sampler, class Policy, class Target, class Draft, class Executor>
std::size_t speculative_workspace_bytes(Sampler const& sampler, speculative_options<Policy> const& options,
                                        Target& target, Draft& draft, Executor const& executor, int images) {
  detail::check_speculative<Sampler, Policy, Target, Draft, Executor>(sampler, options, target, draft, images);
  const detail::target_sampler<Sampler> targets(sampler, options.schedule);
  const auto of_target = target.denoiser();
  const auto of_draft = draft.denoiser();
  return detail::speculative_memory<Sampler, std::remove_const_t<decltype(of_target)>,
                                    std::remove_const_t<decltype(of_draft)>>(sampler, targets, of_target, of_draft,
                                                                             executor, images, nullptr)
      .bytes();
}

/// @brief A speculative generation whose memory is laid out and whose tables are prepared: `run` allocates nothing.
///
/// Views: sampler, models, executor and workspace must outlive it.
template <class Sampler, class Policy, class Target, class Draft, class Executor>
class speculative_generation {
  using target_denoiser = decltype(std::declval<Target&>().denoiser());
  using draft_denoiser = decltype(std::declval<Draft&>().denoiser());

 public:
  /// @param sampler    how, for both models
  /// @param options    when the target verifies, and what it accepts
  /// @param target     whose distribution is wanted
  /// @param draft      what draws ahead; of the same sequence length
  /// @param executor   a host executor
  /// @param images     images of every batch it will run, at least 1
  /// @param workspace  speculative_workspace_bytes(...) bytes, aligned to 64
  /// @throws std::invalid_argument if sizes do not fit one another, an AR step has temperature 0, the workspace is too
  ///         small or misaligned, or the ordering places a token twice or out of range
  speculative_generation(Sampler const& sampler, speculative_options<Policy> const& options, Target& target,
                         Draft& draft, Executor const& executor, int images, std::span<std::byte> workspace)
      : sampler_(sampler),
        options_(options),
        targets_(sampler, options.schedule),
        target_(target),
        draft_(draft),
        executor_(executor),
        target_denoiser_(target.denoiser()),
        draft_denoiser_(draft.denoiser()),
        images_(images),
        memory_(sampler, targets_, target_denoiser_, draft_denoiser_, executor, images,
                detail::checked_workspace(
                    "ardent::generate_speculative",
                    speculative_workspace_bytes(sampler, options, target, draft, executor, images), workspace)) {
    memory_.target.check_positions("ardent::generate_speculative", sampler_.ordering());
    memory_.target.prepare_times(targets_, target_denoiser_, executor_);
    memory_.draft.prepare_times(sampler_, draft_denoiser_, executor_);
  }

  speculative_generation(speculative_generation const&) = delete;  // its memory refers to its own denoisers
  speculative_generation& operator=(speculative_generation const&) = delete;

  /// @brief Draws a batch.
  /// @param random       randomness: a random_source and a speculative_source
  /// @param first_image  index of the batch's first image
  /// @param tokens       [images][sequence_length][channels], written
  /// @return what was accepted
  /// @throws std::invalid_argument if `tokens` has another size, or an image's index would exceed 2^32 - 1
  template <class Random>
    requires random_source<Random> && speculative_source<Random>
  speculative_counts run(Random const& random, std::uint32_t first_image, std::span<float> tokens) {
    const int length = sampler_.sequence_length(), n = sampler_.ar_steps(), channels = target_denoiser_.channels();
    detail::check_batch("ardent::generate_speculative", images_, length, channels, first_image, tokens.size());
    std::fill(tokens.begin(), tokens.end(), 0.0f);
    std::fill_n(memory_.drafted, tokens.size(), 0.0f);
    memory_.target.forget();
    memory_.draft.forget();
    memory_.target.make_orders(sampler_.ordering(), random, executor_, first_image);
    memory_.draft.make_orders(sampler_.ordering(), random, executor_, first_image);

    speculative_counts counts;
    int drawn = 0, verified = 0;
    for (int i = 0; i < n; ++i) {
      const int count = sampler_.tokens(i);
      const detail::aligned_noise<Random> noise{random, sampler_.effective_steps(i) - 1};
      if (!options_.schedule.is_target_only(i, n)) {
        draft_step(i, drawn, count, first_image, noise);
        ++counts.draft_steps;
        counts.drafted += static_cast<long long>(count) * images_;
      }
      drawn += count;
      const int settled = targets_.tokens(i);
      if (settled == 0) continue;
      target_step(i, verified, settled, first_image, tokens, noise);
      ++counts.target_steps;
      float* samples = Policy::takes_mean ? memory_.target_step.mean : memory_.target.samples;
      if (!options_.schedule.is_target_only(i, n)) {
        verify(i, settled, random, counts);
        samples = memory_.verified;
      }
      memory_.target.scatter(samples, settled, channels, tokens.data());
      memory_.draft.pick(verified, settled, first_image);
      memory_.draft.scatter(samples, settled, channels, memory_.drafted);
      verified += settled;
    }
    return counts;
  }

 private:
  template <class Memory>
  ar_step_view view_of(Memory const& memory, int ar_step, int known, int count, std::uint32_t first_image,
                       float const* tokens) const {
    return {ar_step,
            images_,
            Sampler::branches,
            count,
            sampler_.sequence_length(),
            target_denoiser_.channels(),
            first_image,
            tokens,
            memory.known,
            memory.positions,
            known};
  }

  /// The draft's tokens of an AR step, and what their last steps were.
  template <class Noise>
  void draft_step(int ar_step, int drawn, int count, std::uint32_t first_image, Noise const& noise) {
    auto& memory = memory_.draft;
    memory.pick(drawn, count, first_image);
    draft_.condition(executor_, view_of(memory, ar_step, drawn, count, first_image, memory_.drafted),
                     memory.conditions);
    detail::draw_ar_step(sampler_, draft_denoiser_, memory, executor_, ar_step, count * images_, noise,
                         memory_.draft_step);
    last_step_recorder const& now = memory_.draft_step;
    last_step_recorder const& kept = memory_.kept_step;
    memory.scatter(Policy::takes_mean ? now.mean : memory.samples, count, now.channels, memory_.drafted);
    memory.scatter(now.mean, count, now.channels, kept.mean);
    memory.scatter(now.deviation, count, now.channels, kept.deviation);
    memory.scatter(now.log_sum, count, now.channels, kept.log_sum);
  }

  /// The target's trajectories of the tokens after the verified ones, all from those.
  template <class Noise>
  void target_step(int ar_step, int verified, int count, std::uint32_t first_image, std::span<float const> tokens,
                   Noise const& noise) {
    auto& memory = memory_.target;
    memory.pick(verified, count, first_image);
    target_.condition(executor_, view_of(memory, ar_step, verified, count, first_image, tokens.data()),
                      memory.conditions);
    detail::draw_ar_step(sampler_, target_denoiser_, memory, executor_, ar_step, count * images_, noise,
                         memory_.target_step);
  }

  template <class Random>
  void verify(int ar_step, int count, Random const& random, speculative_counts& counts) {
    const int channels = target_denoiser_.channels(), length = sampler_.sequence_length(), rows = count * images_;
    auto const& memory = memory_.target;
    executor_.parallel_for(rows, [&](int row, int) {
      const std::ptrdiff_t place = static_cast<std::ptrdiff_t>(row / count) * length + memory.positions[row];
      noise_key key;
      key.image = memory.images[row];
      key.position = static_cast<std::uint32_t>(memory.positions[row]);
      key.ar_step = ar_step;
      key.row = row;
      memory_.results[row] =
          verify_token(options_.policy, channels, memory_.kept_step.of(place), memory_.target_step.of(row),
                       memory_.drafted + place * channels, random, key, options_.max_rounds,
                       memory_.verified + static_cast<std::ptrdiff_t>(row) * channels);
    });
    for (int row = 0; row < rows; ++row) {
      counts.accepted += memory_.results[row].accepted;
      counts.rounds += memory_.results[row].rounds;
      counts.exhausted += memory_.results[row].exhausted;
    }
  }

  Sampler const& sampler_;
  speculative_options<Policy> options_;
  detail::target_sampler<Sampler> targets_;
  Target& target_;
  Draft& draft_;
  Executor const& executor_;
  target_denoiser target_denoiser_;
  draft_denoiser draft_denoiser_;
  int images_;
  detail::speculative_memory<Sampler, target_denoiser, draft_denoiser> memory_;
};

/// @brief Draws a batch of images' tokens with a draft and a target model, on the host.
///
/// For the first AR steps the target draws; after that the draft does, conditioned on its own tokens too, and at some
/// AR steps the target draws all unverified tokens at once, conditioned on the verified ones, with that AR step's
/// guidance and temperature. Each draft token is then kept or replaced (verify_token). Order and AR steps go on as they
/// are: a replaced token takes the place of the draft's. Draft and target start a token from the same noise and add the
/// same noise, which depends on image and position only.
///
/// With acceptance::exact a token's distribution given the verified ones is that of the target, so that what comes out
/// is distributed as the target's own images would be if it drew as many tokens at once as it verifies, with the same
/// sampler. It is not the distribution of the target's finer AR steps: tokens verified together do not see one another.
/// With acceptance::cspd it is neither; see there.
///
/// What an image becomes depends neither on its batch nor on the number of threads, if the models keep to that.
///
/// Source: CSpD (arXiv 2411.11925).
/// @param sampler   what is drawn when, and how, by both; its solver is solver::ddpm_with_last_noise
/// @param options   schedule, acceptance policy, rounds
/// @param target    backbone and denoiser that decide, an ar_model
/// @param draft     those that draw ahead, of the same sequence length and channels
/// @param executor  a host executor
/// @param random    a random_source and a speculative_source: random::philox
/// @param which     how many images, and the index of the first
/// @param tokens    [images][sequence_length][channels], written
/// @param memory    where the workspace comes from; all of it is taken before the first AR step
/// @return what was accepted
/// @throws std::invalid_argument if sizes do not fit one another, an AR step has temperature 0, or the policy counts
/// the
///         path and AR steps have different numbers of denoising steps
/// @throws std::bad_alloc if the resource cannot give the workspace
template <class Sampler, class Policy, class Target, class Draft, class Executor, class Random>
  requires random_source<Random> && speculative_source<Random>
speculative_counts generate_speculative(Sampler const& sampler, speculative_options<Policy> const& options,
                                        Target& target, Draft& draft, Executor const& executor, Random const& random,
                                        batch which, std::span<float> tokens,
                                        std::pmr::memory_resource* memory = std::pmr::get_default_resource()) {
  const std::size_t bytes = speculative_workspace_bytes(sampler, options, target, draft, executor, which.images);
  const detail::owned_bytes workspace(*memory, bytes);
  return speculative_generation<Sampler, Policy, Target, Draft, Executor>(sampler, options, target, draft, executor,
                                                                          which.images, {workspace.data, bytes})
      .run(random, which.first_image, tokens);
}

}  // namespace v0
}  // namespace ardent
