// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Accepts a draft token, or draws another in its place by rejection.

#include <ardent/config.hpp>
#include <ardent/random/random.hpp>
#include <ardent/speculative/acceptance.hpp>

#include <concepts>
#include <cstddef>

namespace ardent {
inline namespace v0 {

/// @brief A source of randomness that has uniform numbers too.
///
/// - `normal(key, q)`: as random_source has it.
/// - `uniform(key)`: uniform in [0, 1), one for each key.
///
/// An acceptance test reads `uniform` in the domain `accept` at step 0, and round r (from 1 on) of a resampling reads
/// `normal` in the domain `propose` and `uniform` in the domain `accept` at step r. Image, position and AR step of the
/// key are those of the token and of its verification, so a token's result depends on nothing else.
template <class R>
concept speculative_source = requires(R const& r, noise_key const& key) {
  { r.normal(key, 0) } -> std::same_as<quad>;
  { r.uniform(key) } -> std::same_as<float>;
};

/// @brief Recorded uniform and normal numbers of one verification, for checking against another implementation. Views.
struct recorded_verification {
  float const* const* uniforms = nullptr;  ///< for the test and then each round: [rows]
  float const* const* normals = nullptr;   ///< for each round: [rows][channels]

  /// @brief The recorded numbers of the key's round and row.
  ARDENT_INLINE quad normal(noise_key const& key, int q) const {
    quad out{};
    for (int i = 0; i < 4 && 4 * q + i < key.channels; ++i)
      out.value[i] = normals[key.step - 1][static_cast<std::ptrdiff_t>(key.row) * key.channels + 4 * q + i];
    return out;
  }
  /// @brief The recorded number of the key's round and row; step 0 is the test.
  ARDENT_INLINE float uniform(noise_key const& key) const { return uniforms[key.step][key.row]; }
};

/// @brief How a token was verified.
struct verification {
  bool accepted = false;   ///< the draft's token stays
  bool exhausted = false;  ///< no round took its proposal: the token is a sample of the target's last step
  int rounds = 0;          ///< proposals drawn
};

/// @brief A sample of the target's last step.
/// @param channels  numbers of a token
/// @param target    mean and deviation
/// @param random    a speculative_source
/// @param key       image, position, AR step, row; step = the round, at least 1
/// @param out       [channels], written
template <speculative_source Random>
ARDENT_INLINE void propose(int channels, last_step const& target, Random const& random, noise_key key, float* out) {
  key.domain = noise_domain::propose;
  key.channels = channels;
  for (int q = 0; 4 * q < channels; ++q) {
    const quad noise = random.normal(key, q);
    for (int j = 0; j < 4 && 4 * q + j < channels; ++j) {
      const int c = 4 * q + j;
      out[c] = target.mean[c] + target.deviation[c] * noise.value[j];
    }
  }
}

/// @brief The uniform number of a test (step 0) or a round.
template <speculative_source Random>
ARDENT_INLINE float acceptance_uniform(Random const& random, noise_key key, int round) {
  key.domain = noise_domain::accept;
  key.step = round;
  return random.uniform(key);
}

/// @brief Verifies one token: keeps the draft's with probability min(1, a), else draws proposals from the target's last
/// step until one is taken, each with residual_probability. On any thread, host or device; takes no memory.
///
/// With acceptance::exact the result is distributed as the target's last step; see there for what the bound on the
/// rounds costs. If no round takes its proposal the last one stays, which is a sample of the target's last step.
///
/// @param policy      the rule
/// @param channels    numbers of a token, at least 1
/// @param draft       the draft's last step
/// @param target      the target's last step
/// @param x           [channels], the draft's token
/// @param random      a speculative_source
/// @param key         image, position, AR step and row of the verification
/// @param max_rounds  in [1, 65535]
/// @param out         [channels], written; not x
template <acceptance_policy Policy, speculative_source Random>
ARDENT_INLINE verification verify_token(Policy const& policy, int channels, last_step const& draft,
                                        last_step const& target, float const* x, Random const& random, noise_key key,
                                        int max_rounds, float* out) {
  verification result;
  result.accepted = is_accepted(log_acceptance(policy, channels, draft, target, x), acceptance_uniform(random, key, 0));
  if (result.accepted) {
    for (int c = 0; c < channels; ++c) out[c] = x[c];
    return result;
  }
  result.exhausted = true;
  while (result.exhausted && result.rounds < max_rounds) {
    key.step = ++result.rounds;
    propose(channels, target, random, key, out);
    result.exhausted =
        !(acceptance_uniform(random, key, result.rounds) < residual_probability(policy, channels, draft, target, out));
  }
  return result;
}

}  // namespace v0
}  // namespace ardent
