// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The diffusion head of MAR and Harmon over all rows of a large batch, by a library's matrix products.

#include <ardent/denoiser/denoiser.hpp>
#include <ardent/denoiser/dense_adaln_layout.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/detail/dense_bodies.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {

/// @brief What denoiser::adaln_mlp computes (see there) for many rows at once: a network for batched trajectories.
///
/// With thousands of rows a head is bound by its multiplications, which a library does best. `Backend` offers
///
/// - `product(matrix, x, rows, y)`: y [rows][outputs] = bias + x [rows][inputs] times the weights, for the dense_matrix
///   given, whose types these are; sums are float;
/// - `run(body, rows)`: body(block, share) for shares that cover [0, rows), each by a block of warps;
///
/// each after what came before. What products read is rounded to Storage, what they give (modulations too) to Between;
/// h and layer norms are float, and so are the first and last layers. A block's modulations are computed when it needs
/// them: they stay in the cache, and one product for all blocks is no faster (on an H100).
///
/// @tparam Storage  float, bfloat16 or float16: weights and activations
/// @tparam Shape    an adaln_shape
/// @tparam Between  float: tokens are those of adaln_mlp<Storage> but for the order of sums. Storage: less to write and
///                  read, and one more rounding of as many bits as the activations' (docs/cuda.md has its size)
template <network_number Storage, class Shape = adaln_shape<>, class Between = float>
class dense_adaln_mlp {
 public:
  static constexpr prediction predicted = prediction::epsilon;  ///< it predicts epsilon

  /// @brief A head over dense weights, which it does not own.
  /// @param shape   the sizes
  /// @param memory  what pack_dense_adaln wrote for the same shape and types
  /// @param rows    the most network rows
  dense_adaln_mlp(Shape const& shape, void const* memory, int rows) : layout_(shape, memory), rows_(rows) {}

  dense_adaln_layout<Storage, Shape, Between> const& layout() const { return layout_; }  ///< the weights

  /// @brief Bytes of workspace, aligned to 64.
  std::size_t workspace_bytes() const { return memory_of(nullptr).bytes; }

  /// @brief Embeds the conditions of an AR step: before its evaluations.
  /// @param backend     runs its kernels and products
  /// @param conditions  [rows][condition_width]
  /// @param rows        branches times tokens
  /// @param workspace   workspace_bytes() bytes, aligned to 64
  template <class Backend>
  void begin(Backend& backend, float const* conditions, int rows, std::byte* workspace) const {
    const arrays m = memory_of(workspace);
    // a copy, since products want it aligned
    backend.run(detail::dense_copy{conditions, layout_.shape.condition_width(), m.z}, rows);
    backend.product(layout_.condition, m.z, rows, m.condition);
  }

  /// @brief One evaluation.
  /// @param backend     runs its kernels and products
  /// @param times       time table, [times][W]
  /// @param time_index  its row for this evaluation: one number, in the memory that kernels read
  /// @param x           [tokens][channels], aligned as the backend's products want it
  /// @param tokens      tokens of the AR step
  /// @param branches    1, or 2 with guidance; branches * tokens are the rows that `begin` got
  /// @param output      [branches * tokens][outputs]
  /// @param workspace   what `begin` got
  template <class Backend>
  void evaluate(Backend& backend, float const* times, int const* time_index, float const* x, int tokens, int branches,
                float* output, std::byte* workspace) const {
    const arrays m = memory_of(workspace);
    Shape const& shape = layout_.shape;
    const int rows = tokens * branches, width = shape.width();
    backend.product(layout_.input, x, tokens, m.h);
    backend.run(detail::dense_embed<Storage>{times, time_index, m.condition, width, tokens, m.y, m.h}, rows);
    Between* modulation = m.modulation;
    Between* before = m.modulation_before;
    for (int d = 0; d < shape.depth(); ++d) {
      backend.product(layout_.modulation(d), m.y, rows, modulation);
      backend.run(
          detail::dense_normalise<Between, Storage>{m.h, d == 0 ? nullptr : m.update, before + 2 * width, modulation,
                                                    layout_.norm(d), width, 3 * width, 3 * width, m.x},
          rows);
      backend.product(layout_.mlp_in(d), m.x, rows, m.hidden);
      backend.run(detail::dense_silu<Between, Storage>{m.hidden, width, m.x}, rows);
      backend.product(layout_.mlp_out(d), m.x, rows, m.update);
      Between* const swap = modulation;
      modulation = before;
      before = swap;
    }
    backend.product(layout_.final_modulation, m.y, rows, modulation);
    backend.run(detail::dense_normalise<Between, float>{m.h, m.update, before + 2 * width, modulation, nullptr, width,
                                                        2 * width, 3 * width, m.last},
                rows);
    backend.product(layout_.output, m.last, rows, output);
  }

 private:
  struct arrays {
    Storage *y, *x;                           // [rows][W]
    Between *hidden, *update;                 // [rows][W]
    Between *modulation, *modulation_before;  // [rows][3 W]
    float* z;                                 // [rows][condition_width]
    float *condition, *h, *last;              // [rows][W]
    std::size_t bytes;
  };
  arrays memory_of(std::byte* workspace) const {
    detail::arena a(workspace);
    const auto rows = static_cast<std::size_t>(rows_), size = rows * static_cast<std::size_t>(layout_.shape.width());
    arrays m;
    m.z = a.take<float>(rows * static_cast<std::size_t>(layout_.shape.condition_width()));
    m.y = a.take<Storage>(size);
    m.x = a.take<Storage>(size);
    m.hidden = a.take<Between>(size);
    m.update = a.take<Between>(size);
    m.modulation = a.take<Between>(3 * size);
    m.modulation_before = a.take<Between>(3 * size);
    m.condition = a.take<float>(size);
    m.h = a.take<float>(size);
    m.last = a.take<float>(size);
    m.bytes = a.used();
    return m;
  }

  dense_adaln_layout<Storage, Shape, Between> layout_;
  int rows_;
};

}  // namespace v0
}  // namespace ardent
