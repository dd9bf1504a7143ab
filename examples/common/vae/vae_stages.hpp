// SPDX-License-Identifier: Apache-2.0
//
// The stages of a VAE decoder, each on all threads. For vae_decoder.cpp.
#pragma once

#include <cstddef>
#include <vector>

#include "common/network/aligned_memory.hpp"
#include "common/network/host_executor.hpp"
#include "vae_kernels.hpp"
#include "vae_network.hpp"

namespace examples::vae {

using kernels::map;
using kernels::reading;

/// @brief Where a convolution's numbers go: out[pixel * pixel_stride + channel * channel_stride], instead of what is
/// there or on top of it.
struct target {
  float* out = nullptr;
  std::ptrdiff_t pixel_stride = 0;    ///< floats
  std::ptrdiff_t channel_stride = 1;  ///< floats
  bool add = false;

  /// @brief The numbers of a map.
  [[nodiscard]] static target in(map const& to) { return {to.data, to.channels, 1, false}; }
  /// @brief On top of the numbers of a map.
  [[nodiscard]] static target onto(map const& to) { return {to.data, to.channels, 1, true}; }
};

/// @brief Runs stages on an executor, with memory for each of its threads. A number depends on no thread: a pixel's
/// product is one chain of multiply-adds, and sums over a map are added line by line.
class stages {
 public:
  /// @param executor outlives it
  /// @param groups of group norms
  stages(host_executor const& executor, int groups) : executor_(executor), groups_(groups) {}

  /// @brief A convolution of 1 x 1.
  void pointwise(map const& from, convolution const& layer, target const& to);
  /// @brief A convolution of 3 x 3 with zeros around the map.
  /// @param norm with reading::normalised: whose group norm and swish come first; else null
  void convolve(map const& from, reading how, group_norm const* norm, convolution const& layer, target const& to);
  /// @brief y = norm(x).
  void normalise(map const& from, group_norm const& norm, float* y);
  /// @brief features = attention of all pixels to all pixels, before proj_out.
  /// @param from normalised
  /// @param features [pixels][channels]; may be `from`'s memory
  void attend(map const& from, attention_block const& layer, float* features);

 private:
  void find_factors(map const& from, group_norm const& norm);
  void reserve(std::size_t floats);

  host_executor const& executor_;
  int groups_;
  std::vector<float> factors_, offsets_;     // of each channel: what the last find_factors() found
  std::vector<double> moments_, line_sums_;  // [lines][2][groups]; [threads][2][channels]
  std::vector<aligned_floats> scratch_;      // of each thread
  std::size_t scratch_floats_ = 0;
};

}  // namespace examples::vae
