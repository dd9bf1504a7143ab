// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Recorded noise and orders, for checking against a run of another implementation.

#include <ardent/random/random.hpp>

namespace ardent {
inline namespace v0 {
namespace random {

/// @brief The recorded draws of one AR step. Views: the recording must outlive the replay.
struct recorded_step {
  float const* start = nullptr;         ///< [rows][channels], starting noise
  float const* const* steps = nullptr;  ///< for each denoising step [rows or more][channels]; null if none was recorded
};

/// @brief Plays recorded noise back by AR step, denoising step and row; rows are images in turn, and raster order
/// within an image. A denoising step that was not recorded must not ask for noise (a solver with noise coefficients of
/// zero does not).
class replay {
 public:
  /// @param ar_steps         one entry for each AR step
  /// @param ranks            [images][sequence_length]: when each position is drawn, 0 first; may be null if the
  ///                         ordering is not permuted
  /// @param sequence_length  tokens of an image
  ARDENT_HD constexpr replay(recorded_step const* ar_steps, int const* ranks, int sequence_length)
      : ar_steps_(ar_steps), ranks_(ranks), sequence_length_(sequence_length) {}

  /// @brief The recorded numbers for channels 4 q ... 4 q + 3.
  ARDENT_INLINE quad normal(noise_key const& key, int q) const {
    recorded_step const& recorded = ar_steps_[key.ar_step];
    float const* draw = key.domain == noise_domain::start ? recorded.start : recorded.steps[key.step];
    quad out{};
    for (int i = 0; i < 4 && 4 * q + i < key.channels; ++i)
      out.value[i] = draw[static_cast<long long>(key.row) * key.channels + 4 * q + i];
    return out;
  }

  /// @brief The recorded rank of a position.
  ARDENT_INLINE std::uint64_t order_key(std::uint32_t image, std::uint32_t position) const {
    return static_cast<std::uint64_t>(ranks_[static_cast<long long>(image) * sequence_length_ + position]);
  }

 private:
  recorded_step const* ar_steps_;
  int const* ranks_;
  int sequence_length_;
};

}  // namespace random
}  // namespace v0
}  // namespace ardent
