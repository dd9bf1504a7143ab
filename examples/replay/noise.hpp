// SPDX-License-Identifier: Apache-2.0
//
// The recorded noise and orders of one case, kept in the form that ardent::random::replay reads.
#pragma once

#include "recording.hpp"

#include <ardent/random/replay.hpp>

#include <deque>
#include <string>
#include <vector>

namespace examples::replay {

/// @brief Owns what a random::replay views.
class recorded_noise {
 public:
  /// @brief Reads NAME.orders: for each image, all positions, the last of them drawn first.
  /// @param tensors  the recording
  /// @param name     the tensor's name
  /// @param images   images of the batch
  /// @param length   tokens of an image
  /// @param copies   how often the recording has the orders of all images, one behind the other; the first counts
  /// @throws input_error if a row is not a permutation of 0 ... length - 1
  void read_orders(safetensors const& tensors, std::string const& name, int images, int length, int copies = 1);

  /// @brief Adds the next AR step.
  /// @param start  [rows][channels], where the trajectories start
  void add_step(std::vector<float> start);

  /// @brief Reads draws PREFIXdraw000, ... of the step added last.
  /// @param tensors   the recording
  /// @param prefix    what stands before "draw"
  /// @param rows      tokens drawn in that step over all images
  /// @param channels  numbers in a token
  /// @param noisy     for each denoising step, whether it adds noise; the others need not be recorded
  /// @throws input_error if a draw that is needed is missing or has another shape
  void read_draws(safetensors const& tensors, std::string const& prefix, int rows, int channels,
                  std::vector<bool> const& noisy);

  /// @brief A view for generate, valid until the next change of this object.
  [[nodiscard]] ardent::random::replay source() const {
    return {steps_.data(), ranks_.empty() ? nullptr : ranks_.data(), length_};
  }

 private:
  std::deque<std::vector<float>> values_;        // a deque: what was added stays where it is
  std::deque<std::vector<float const*>> draws_;  // of each AR step
  std::vector<ardent::random::recorded_step> steps_;
  std::vector<int> ranks_;
  int length_ = 0;
};

/// @brief Which denoising steps of an AR step add noise.
template <class Sampler>
std::vector<bool> noisy_steps(Sampler const& sampler, int ar_step) {
  std::vector<bool> noisy;
  for (auto const& row : sampler.rows(ar_step)) noisy.push_back(row.noise != 0);
  return noisy;
}

}  // namespace examples::replay
