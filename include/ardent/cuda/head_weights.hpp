// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief An AdaLN head's weights as a generation on a GPU takes them, and with them the way in which it draws.

#include <ardent/cuda/head.hpp>
#include <ardent/packed_matrix.hpp>

#include <cstddef>
#include <span>

namespace ardent {
inline namespace v0 {
namespace cuda {

namespace detail {

/// All AR steps of a batch by head_trajectory, with their workspace.
template <class Sampler, class Format, class Shape, random_source Random, class Tuning>
class single_launches {
 public:
  single_launches(Sampler const& sampler, Shape const& shape, packed_weights tiled, int images,
                  unsigned long long* nonfinite)
      : trajectory_(sampler, shape, tiled, nonfinite),
        bytes_(trajectory_.workspace_bytes(sampler.most_tokens() * images)) {}

  std::size_t workspace_bytes() const { return bytes_; }
  void prepare(std::span<std::byte> workspace) { workspace_ = workspace; }
  void enqueue(cudaStream_t stream, int ar_step, tile const& t, Random const& random, float* samples) {
    trajectory_.enqueue(stream, ar_step, t, random, workspace_.data(), workspace_.size(), samples);
  }

 private:
  head_trajectory<Sampler, Format, Shape, Random, Tuning> trajectory_;
  std::size_t bytes_;
  std::span<std::byte> workspace_;
};

}  // namespace detail

/// @brief An AdaLN head's weights for generations that draw each AR step in one launch. Views. See any_head_weights for
/// generations that also use cuBLASLt's products.
/// @tparam Format  a format, see tile/format.hpp
/// @tparam Shape   an adaln_shape
template <class Format, class Shape = adaln_shape<>>
struct head_weights {
  using format = Format;     ///< of the tiled weights
  using shape_type = Shape;  ///< an adaln_shape

  Shape shape;                              ///< the sizes
  void const* tiled = nullptr;              ///< what pack_tiled_adaln wrote, in device memory, aligned to 64
  linear_weights time_in;                   ///< 256 to W, in host memory: times are embedded there, beforehand
  linear_weights time_out;                  ///< W to W, in host memory
  unsigned long long* nonfinite = nullptr;  ///< in device memory: counts outputs that are infinite or NaN; or null

  /// @brief What draws with them, for a generation.
  ///
  /// Of it a generation uses `workspace_bytes()`; `prepare(workspace)` with as many bytes of device memory, aligned to
  /// 256, before the first AR step; `enqueue(stream, ar_step, tile, random, samples)`, which only enqueues.
  /// @tparam Random  a random_source callable on the device
  /// @tparam Tuning  see default_tuning
  /// @param sampler  what is drawn
  /// @param images   images of a batch
  /// @throws what head_trajectory's constructor throws
  template <random_source Random, class Tuning, class Sampler>
  auto trajectory(Sampler const& sampler, int images) const {
    return detail::single_launches<Sampler, Format, Shape, Random, Tuning>(sampler, shape, tiled, images, nonfinite);
  }
};

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
