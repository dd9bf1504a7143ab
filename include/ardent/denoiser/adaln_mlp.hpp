// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The diffusion head of MAR and Harmon: an MLP with adaptive layer norm, evaluated by a block or a grid.

#include <ardent/denoiser/adaln_layout.hpp>
#include <ardent/denoiser/adaln_stages.hpp>
#include <ardent/denoiser/denoiser.hpp>
#include <ardent/denoiser/hoisting.hpp>
#include <ardent/detail/nonfinite.hpp>
#include <ardent/detail/time_embedding.hpp>

namespace ardent {
inline namespace v0 {
namespace denoiser {

/// @brief epsilon (and a variance half, if outputs = 2 channels) of a token x at time t under condition z:
///
///     y = time_embed(t) + cond_embed(z);  h = input(x)
///     D times: shift, scale, gate = Linear(SiLU(y));  h += gate * Linear(SiLU(Linear(LN(h) (1 + scale) + shift)))
///     shift, scale = Linear(SiLU(y));  output = Linear(LN(h) (1 + scale) + shift)
///
/// LN has eps = 1e-6 and, inside the blocks, an affine part. The time embedding is computed once for each time of all
/// tables, the condition embedding once for each token. y is known before the first step: where rows are few, shift,
/// scale and gate are computed for many steps at once (see hoisting), which leaves 2 D W^2 of about (5 D + 2) W^2
/// weights to be read at each step.
///
/// State and sums are float whatever the storage. What layers with narrow weights read is narrowed too: to bfloat16, or
/// to 8 bits with a scale for each row.
///
/// Source: MAR (arXiv 2406.11838), section 3.2 and appendix A; adaptive layer norm from DiT (arXiv 2212.09748).
///
/// @tparam Storage  float, bfloat16 or int8_weight: how the weights of modulations and residual blocks are kept
/// @tparam Shape    an adaln_shape
template <class Storage = float, class Shape = adaln_shape<>>
class adaln_mlp {
 public:
  using shape_type = Shape;                                     ///< see inline_denoiser
  static constexpr prediction predicted = prediction::epsilon;  ///< it predicts epsilon

  /// @brief A head over packed weights, which it does not own.
  /// @param shape   the sizes
  /// @param memory  what pack_adaln wrote for the same shape and storage
  /// @param hoist   when modulations are computed ahead
  adaln_mlp(Shape shape, void const* memory, hoisting hoist = {}) : layout_(shape, memory), hoisting_(hoist) {}

  ARDENT_HD int channels() const { return layout_.shape.channels(); }                ///< channels of a token
  ARDENT_HD int outputs() const { return layout_.shape.outputs(); }                  ///< numbers it outputs
  ARDENT_HD int condition_width() const { return layout_.shape.condition_width(); }  ///< numbers of a condition
  int time_features() const { return layout_.shape.width(); }                        ///< W: a time's embedding
  /// @brief Floats of scratch to embed n times.
  std::size_t time_scratch(int n) const { return detail::time_embedding_scratch(n, layout_.shape.width()); }
  /// @brief Tokens of a tile: its activations should stay in the second-level cache.
  int most_tokens(int branches) const { return most_rows / branches; }
  /// @brief A team pays when tokens are too few to give each thread rows enough to hide the reading of weights, and
  /// longer where the weights of a step do not stay in a core's cache: then each thread reads a part of them.
  bool prefers_team(int tokens, int branches, int threads) const {
    const std::ptrdiff_t weights = at(layout_.shape.width(), layout_.shape.width()) * (5 * layout_.shape.depth() + 2);
    const bool cached = weights * static_cast<std::ptrdiff_t>(sizeof(Storage)) < (std::ptrdiff_t{2} << 20);
    return threads > 1 && tokens * branches < (cached ? 8 : most_rows) * threads;
  }
  /// @brief Denoising steps whose modulations are computed at once, in [1, steps], on a tile that has the machine.
  /// @param rows   network rows of the tile
  /// @param steps  denoising steps of the trajectory
  int hoisted_steps(int rows, int steps) const {
    return hoisting_.steps(rows, steps, hoisted_floats(layout_.shape) * sizeof(float));
  }
  /// @brief Floats shared by the grid: activations for each network row, and modulations for each row of the steps that
  /// are computed at once.
  std::size_t shared_floats(int rows, int steps_at_once = 1) const {
    return static_cast<std::size_t>(rows) *
               static_cast<std::size_t>(4 * padded_width(layout_.shape) + narrow_floats(layout_.shape)) +
           static_cast<std::size_t>(rows) * static_cast<std::size_t>(steps_at_once) * hoisted_floats(layout_.shape);
  }
  /// @brief Floats of each block: mean and reciprocal standard deviation of each row's activations.
  std::size_t private_floats(int rows) const { return 2 * static_cast<std::size_t>(rows); }

  /// @brief This head, counting the outputs that are infinite or NaN, over all evaluations.
  /// @param nonfinite  where they are added to, by all threads at once; null: nothing is counted
  adaln_mlp counting(unsigned long long* nonfinite) const {
    adaln_mlp head = *this;
    head.nonfinite_ = nonfinite;
    return head;
  }

  /// @brief Embeds n times: table [n][W].
  template <class Block>
  void prepare_times(Block& block, float const* times, int n, float* table, float* scratch) const {
    detail::embed_times(block, times, n, layout_.time_in, layout_.time_out, table, scratch);
  }

  /// @brief Embeds the tile's conditions.
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE void begin(Block& block, Grid& grid, tile const& t, float* shared, float*) const {
    const activations a(layout_.shape, t.rows(), t.steps_at_once, shared);
    const int stride = a.stride, z_width = condition_width();
    for (int branch = 0; branch < t.branches; ++branch) {
      float* const y = a.condition + at(branch * t.tokens, stride);
      float const* const z = t.conditions + at(branch * t.total + t.first, z_width);
      block.product({z, z_width}, {0, t.tokens, 1}, layout_.condition,
                    share_of(layout_.condition.panels(), grid.rank(), grid.size()),
                    [=](int r, int c, float v) ARDENT_INLINE_LAMBDA { y[at(r, stride) + c] = v; });
    }
  }

  /// @brief One evaluation on the tile: see inline_denoiser.
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE void evaluate(Block& block, Grid& grid, tile const& t, time_point const& time, float const* x,
                              float* output, float* shared, float* own) const {
    const int rows = t.rows(), width = layout_.shape.width(), outputs_ = outputs();
    const int tokens = t.tokens, branches = t.branches;
    const activations a(layout_.shape, rows, t.steps_at_once, shared);
    const int stride = a.stride;
    const strided_range all_rows{0, rows, 1};
    const strided_range my_panels = share_of(layout_.input.panels(), grid.rank(), grid.size());
    float* const h = a.h;
    block.product({x, channels()}, {0, tokens, 1}, layout_.input, my_panels,
                  [=](int r, int c, float v) ARDENT_INLINE_LAMBDA {
                    for (int b = 0; b < branches; ++b) h[at(b * tokens + r, stride) + c] = v;
                  });
    const int ahead = time.step % t.steps_at_once, of_modulation = a.modulation_stride;
    if (ahead == 0) modulate(block, grid, t, time, a);
    grid.sync(block);
    float const* const modulation = a.modulation + at(ahead * rows, of_modulation);
    for (int d = 0; d < layout_.shape.depth(); ++d) {
      adaln_normalise(block, grid, layout_, a, rows, d, modulation, own);
      float const* const gate = modulation + (3 * d + 2) * width;
      adaln_residual(block, grid, layout_, a, rows, d, [=](int r, int c, float v) ARDENT_INLINE_LAMBDA {
        h[at(r, stride) + c] += gate[at(r, of_modulation) + c] * v;
      });
    }
    adaln_normalise(block, grid, layout_, a, rows, layout_.shape.depth(), modulation, own);
    grid.sync(block);
    block.product({a.normal, stride}, all_rows, layout_.output,
                  share_of(layout_.output.panels(), grid.rank(), grid.size()),
                  [=](int r, int c, float v) ARDENT_INLINE_LAMBDA { output[at(r, outputs_) + c] = v; });
    grid.sync(block);
    count_nonfinite(block, grid, rows, output);
  }

  /// @brief Counts what is infinite or NaN in an evaluation's output, when all of it is there. For heads that are built
  /// on this one.
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE void count_nonfinite(Block& block, Grid& grid, int rows, float const* output) const {
    if (nonfinite_ == nullptr) return;
    const int outputs_ = outputs();
    unsigned long long* const counter = nonfinite_;
    block.elements({grid.rank(), rows, grid.size()}, {0, outputs_, 1}, [=](int r, int c) ARDENT_INLINE_LAMBDA {
      detail::count_nonfinite(output[at(r, outputs_) + c], counter);
    });
  }

 private:
  static constexpr int most_rows = 64;
  using activations = adaln_activations<Storage>;

  ARDENT_INLINE static std::ptrdiff_t at(int row, int stride) { return static_cast<std::ptrdiff_t>(row) * stride; }
  static int padded_width(Shape const& shape) { return activations::padded(shape.width()); }
  static int narrow_floats(Shape const& shape) { return activations::narrow_floats(shape.width()); }
  /// y, narrowed too, and modulations of a row and step.
  static std::size_t hoisted_floats(Shape const& shape) {
    return static_cast<std::size_t>(padded_width(shape) + narrow_floats(shape) +
                                    activations::padded(shape.modulations()));
  }

  /// Shift, scale and gate of all blocks for this step and those that are computed with it.
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE void modulate(Block& block, Grid& grid, tile const& t, time_point const& time,
                              activations const& a) const {
    const int rows = t.rows(), width = layout_.shape.width(), stride = a.stride, of_modulation = a.modulation_stride;
    const int left = t.steps - time.step;
    const int count = rows * (t.steps_at_once < left || t.steps_at_once == 1 ? t.steps_at_once : left);
    float* const to = a.modulation;
    float const* const condition = a.condition;
    float const* const times = t.times;
    int const* const time_index = t.time_index;
    const int index = time.index, first = time.step;
    adaln_activate(block, grid, a, count, width, [=](int i, int c) ARDENT_INLINE_LAMBDA {
      const int step = i / rows;
      float const* const embedded = times + at(step == 0 ? index : time_index[first + step], width);
      return embedded[c] + condition[at(i - step * rows, stride) + c];
    });
    block.product(a.input_y(), {0, count, 1}, layout_.modulation,
                  share_of(layout_.modulation.panels(), grid.rank(), grid.size()),
                  [=](int r, int c, float v) ARDENT_INLINE_LAMBDA { to[at(r, of_modulation) + c] = v; });
  }

  adaln_layout<Storage, Shape> layout_;
  hoisting hoisting_;
  unsigned long long* nonfinite_ = nullptr;
};

}  // namespace denoiser
}  // namespace v0
}  // namespace ardent
