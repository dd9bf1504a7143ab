// SPDX-License-Identifier: Apache-2.0
#pragma once

// The arrays of a speculative generation: those of two generations, and what is kept of a drafted token until it is
// verified.

#include <ardent/detail/arena.hpp>
#include <ardent/detail/generation_memory.hpp>
#include <ardent/speculative/recorder.hpp>
#include <ardent/speculative/schedule.hpp>
#include <ardent/speculative/verify.hpp>

#include <cstddef>
#include <span>

namespace ardent {
inline namespace v0 {
namespace detail {

/// A sampler as the target sees it: at most AR steps it draws no tokens, at others all that are unverified.
template <class Sampler>
class target_sampler {
 public:
  using row_type = typename Sampler::row_type;
  static constexpr int branches = Sampler::branches;

  target_sampler(Sampler const& sampler, draft_schedule const& schedule) : sampler_(&sampler), schedule_(schedule) {}

  int sequence_length() const { return sampler_->sequence_length(); }
  int ar_steps() const { return sampler_->ar_steps(); }
  int tokens(int ar_step) const {
    const int n = ar_steps();
    if (schedule_.is_target_only(ar_step, n)) return sampler_->tokens(ar_step);
    if (!schedule_.is_verified(ar_step, n)) return 0;
    int sum = sampler_->tokens(ar_step);
    for (int i = ar_step - 1; i >= 0 && !schedule_.is_target_only(i, n) && !schedule_.is_verified(i, n); --i)
      sum += sampler_->tokens(i);
    return sum;
  }
  int most_tokens() const {
    int most = 0;
    for (int i = 0; i < ar_steps(); ++i) most = tokens(i) > most ? tokens(i) : most;
    return most;
  }
  std::span<row_type const> rows(int ar_step) const { return sampler_->rows(ar_step); }
  int effective_steps(int ar_step) const { return sampler_->effective_steps(ar_step); }
  int nfe() const { return sampler_->nfe(); }

 private:
  Sampler const* sampler_;
  draft_schedule schedule_;
};

/// The two generations' memories begin with their own orders, which are equal: one follows what is drawn, the other
/// what is verified.
template <class Sampler, class Target, class Draft>
class speculative_memory {
 public:
  generation_memory<target_sampler<Sampler>, Target> target;  // [...][tokens of a verification]
  generation_memory<Sampler, Draft> draft;                    // [...][tokens of an AR step]

  float* drafted = nullptr;       // [images][sequence_length][channels], verified or not, 0 where neither
  last_step_recorder draft_step;  // of the AR step's rows
  last_step_recorder kept_step;   // [images][sequence_length][channels], until verified
  last_step_recorder target_step;
  float* verified = nullptr;        // [images][tokens of a verification][channels]
  verification* results = nullptr;  // [images][tokens of a verification]

  template <class Executor>
  speculative_memory(Sampler const& sampler, target_sampler<Sampler> const& targets, Target const& target_denoiser,
                     Draft const& draft_denoiser, Executor const& executor, int images, std::byte* memory)
      : target(targets, target_denoiser, executor, images, memory),
        draft(sampler, draft_denoiser, executor, images, after(memory, target.bytes())) {
    const std::size_t both = target.bytes() + draft.bytes();
    arena a(after(memory, both));
    const int channels = draft_denoiser.channels();
    const auto numbers = [&](int tokens) {
      return static_cast<std::size_t>(images) * static_cast<std::size_t>(tokens) * static_cast<std::size_t>(channels);
    };
    const auto record = [&](int tokens) {
      const std::size_t count = numbers(tokens);
      float* const mean = a.take<float>(count);
      float* const deviation = a.take<float>(count);
      return last_step_recorder{mean, deviation, a.take<float>(count), channels};
    };
    drafted = a.take<float>(numbers(sampler.sequence_length()));
    draft_step = record(sampler.most_tokens());
    kept_step = record(sampler.sequence_length());
    target_step = record(targets.most_tokens());
    verified = a.take<float>(numbers(targets.most_tokens()));
    results = a.take<verification>(static_cast<std::size_t>(images) * static_cast<std::size_t>(targets.most_tokens()));
    bytes_ = both + a.used();
  }

  std::size_t bytes() const { return bytes_; }

 private:
  static std::byte* after(std::byte* memory, std::size_t bytes) { return memory == nullptr ? nullptr : memory + bytes; }

  std::size_t bytes_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
