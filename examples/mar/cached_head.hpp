// SPDX-License-Identifier: Apache-2.0
//
// MAR's diffusion head with what LazyMAR takes over from one denoising step to the next.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/denoiser/adaln_stages.hpp>

#include "caching.hpp"

namespace examples::mar {

/// @brief The head of ardent::denoiser::adaln_mlp, of which some steps are full and the others cheaper:
///
/// - With shared guidance a full step stores the difference of the two branches' epsilon; the others evaluate the
///   conditional branch alone and take that difference from it.
/// - With reused blocks a full step stores what each block adds. Between, blocks low to high add it again; of the other
///   blocks the MLP's output is taken over, under this step's gate.
///
/// A token's result depends on no other, as without. What is stored lies in the trajectory's memory and is gone after
/// it. Models ardent::inline_denoiser, for guidance at every time of a trajectory or at none.
/// @tparam Storage float, ardent::bfloat16 or ardent::int8_weight
template <class Storage>
class cached_head {
  using shape_type = ardent::adaln_shape<>;
  using base_type = ardent::denoiser::adaln_mlp<Storage>;
  using activations = ardent::adaln_activations<Storage>;
  using tile = ardent::tile;

 public:
  static constexpr ardent::prediction predicted = base_type::predicted;  ///< epsilon

  /// @param shape the sizes
  /// @param memory what pack_adaln wrote for the same shape and storage; outlives this
  /// @param share_guidance whether the unconditional branch is evaluated at full steps only
  /// @param reuse_blocks whether blocks take over what they added
  /// @param when which steps are full
  cached_head(shape_type shape, void const* memory, bool share_guidance, bool reuse_blocks, head_refresh when)
      : base_(shape, memory),
        layout_(shape, memory),
        share_guidance_(share_guidance),
        reuse_blocks_(reuse_blocks),
        when_(when) {}

  int channels() const { return base_.channels(); }                                  ///< channels of a token
  int outputs() const { return base_.outputs(); }                                    ///< numbers it outputs
  int condition_width() const { return base_.condition_width(); }                    ///< numbers of a condition
  int time_features() const { return base_.time_features(); }                        ///< a time's embedding
  std::size_t time_scratch(int n) const { return base_.time_scratch(n); }            ///< floats to embed n times
  int most_tokens(int branches) const { return base_.most_tokens(branches); }        ///< tokens of a tile
  std::size_t private_floats(int rows) const { return base_.private_floats(rows); }  ///< floats of each block
  /// @brief Whether a team should share that few tokens.
  bool prefers_team(int tokens, int branches, int threads) const {
    return base_.prefers_team(tokens, branches, threads);
  }
  /// @brief Floats shared by the grid: activations, and what is stored for each network row.
  std::size_t shared_floats(int rows) const {
    return base_.shared_floats(rows) + static_cast<std::size_t>(rows) * static_cast<std::size_t>(stored_floats());
  }

  /// @brief This head, counting the outputs that are infinite or NaN, over all evaluations: also those that are taken
  /// over.
  /// @param nonfinite where they are added to; null: nothing is counted
  cached_head counting(unsigned long long* nonfinite) const {
    cached_head head = *this;
    head.base_ = base_.counting(nonfinite);
    return head;
  }

  /// @brief Embeds n times: table [n][W].
  template <class Block>
  void prepare_times(Block& block, float const* times, int n, float* table, float* scratch) const {
    base_.prepare_times(block, times, n, table, scratch);
  }
  /// @brief Embeds the tile's conditions.
  template <class Block, class Grid>
  ARDENT_INLINE void begin(Block& block, Grid& grid, tile const& t, float* shared, float* own) const {
    base_.begin(block, grid, t, shared, own);
  }

  /// @brief One evaluation on the tile: see ardent::inline_denoiser.
  template <class Block, class Grid>
  ARDENT_INLINE void evaluate(Block& block, Grid& grid, tile const& t, ardent::time_point const& time, float const* x,
                              float* output, float* shared, float* own) const {
    bool const full = when_.full(time.step, t.steps), halves = share_guidance_ && t.branches == 2;
    bool const computes = !reuse_blocks_ || when_.computes(time.step, t.steps);
    step_view const s{activations(layout_.shape, t.rows(), 1, shared), shared + base_.shared_floats(t.rows()), t.rows(),
                      halves && !full ? t.tokens : t.rows()};
    int const tokens = t.tokens, copies = s.live / (tokens > 0 ? tokens : 1), stride = s.a.stride;
    float* const h = s.a.h;
    block.product({x, channels()}, {0, tokens, 1}, layout_.input, share(layout_.input.panels(), grid),
                  [=](int r, int c, float v) ARDENT_INLINE_LAMBDA {
                    for (int b = 0; b < copies; ++b) h[at(b * tokens + r, stride) + c] = v;
                  });
    modulate(block, grid, t, time, s, full || !reuse_blocks_, computes);
    for (int d = 0; d < layout_.shape.depth(); ++d) {
      bool const skipped = reuse_blocks_ && is_skipped(d);
      if (skipped ? full : computes)
        add_block(block, grid, s, d, skipped, own);
      else
        add_stored(block, grid, s, d, skipped);
    }
    ardent::adaln_normalise(block, grid, layout_, s.a, s.live, layout_.shape.depth(), s.a.modulation, own);
    grid.sync(block);
    int const outputs_ = outputs();
    block.product({s.a.normal, stride}, {0, s.live, 1}, layout_.output, share(layout_.output.panels(), grid),
                  [=](int r, int c, float v) ARDENT_INLINE_LAMBDA { output[at(r, outputs_) + c] = v; });
    grid.sync(block);
    if (halves) {
      float* const difference = s.stored + at(s.rows, stored_floats() - outputs_);
      block.elements({grid.rank(), tokens, grid.size()}, {0, outputs_, 1}, [=](int r, int c) ARDENT_INLINE_LAMBDA {
        float const conditional = output[at(r, outputs_) + c];
        float& unconditional = output[at(tokens + r, outputs_) + c];
        float& kept = difference[at(r, outputs_) + c];
        if (full)
          kept = conditional - unconditional;
        else
          unconditional = conditional - kept;
      });
      grid.sync(block);
    }
    base_.count_nonfinite(block, grid, s.rows, output);
  }

 private:
  // What an evaluation works with.
  struct step_view {
    activations a;
    float* stored;  // [depth][rows][stride] of the blocks, if they are reused; [rows][outputs] differences
    int rows;       // network rows of the tile
    int live;       // of them, those that are evaluated: conditional ones come first
  };

  ARDENT_INLINE static std::ptrdiff_t at(int row, int stride) { return static_cast<std::ptrdiff_t>(row) * stride; }
  template <class Grid>
  ARDENT_INLINE static ardent::strided_range share(int panels, Grid const& grid) {
    return ardent::share_of(panels, grid.rank(), grid.size());
  }
  static bool is_skipped(int d) { return d >= head_refresh::low && d <= head_refresh::high; }
  // Of a network row.
  int stored_floats() const {
    int const stride = activations::padded(layout_.shape.width());
    return (reuse_blocks_ ? layout_.shape.depth() * stride : 0) + outputs();
  }
  ARDENT_INLINE float* stored_of(step_view const& s, int d) const { return s.stored + at(d * s.rows, s.a.stride); }

  // Shift, scale and gate, of those blocks that need them; where an MLP's output is taken over, the gate alone.
  template <class Block, class Grid>
  ARDENT_INLINE void modulate(Block& block, Grid& grid, tile const& t, ardent::time_point const& time,
                              step_view const& s, bool all, bool computes) const {
    int const width = layout_.shape.width(), stride = s.a.stride, of_modulation = s.a.modulation_stride;
    float* const to = s.a.modulation;
    float const* const condition = s.a.condition;
    float const* const embedded = t.times + at(time.index, width);
    ardent::adaln_activate(block, grid, s.a, s.live, width, [=](int r, int c) ARDENT_INLINE_LAMBDA {
      return embedded[c] + condition[at(r, stride) + c];
    });
    int next = 0;  // panel; none is done twice
    for (int d = 0; d <= layout_.shape.depth(); ++d) {
      bool const last = d == layout_.shape.depth();
      if (!all && !last && is_skipped(d)) continue;
      bool const gate_alone = !all && !last && !computes;
      int const begin = 3 * d * width + (gate_alone ? 2 * width : 0), end = 3 * d * width + (last ? 2 : 3) * width;
      int const begin_panel = begin / ardent::panel_width > next ? begin / ardent::panel_width : next;
      int const end_panel = (end + ardent::panel_width - 1) / ardent::panel_width;
      if (end_panel <= begin_panel) continue;
      ardent::strided_range part = share(end_panel - begin_panel, grid);
      part.first += begin_panel;
      part.last += begin_panel;
      block.product(s.a.input_y(), {0, s.live, 1}, layout_.modulation, part,
                    [=](int r, int c, float v) ARDENT_INLINE_LAMBDA { to[at(r, of_modulation) + c] = v; });
      next = end_panel;
    }
    grid.sync(block);
  }

  // h += gate * MLP(...), which is stored: with the gate where the block is skipped as a whole between full steps.
  template <class Block, class Grid>
  ARDENT_INLINE void add_block(Block& block, Grid& grid, step_view const& s, int d, bool skipped, float* own) const {
    int const stride = s.a.stride, of_modulation = s.a.modulation_stride;
    ardent::adaln_normalise(block, grid, layout_, s.a, s.live, d, s.a.modulation, own);
    float* const h = s.a.h;
    float* const stored = stored_of(s, d);
    float const* const gate = s.a.modulation + (3 * d + 2) * layout_.shape.width();
    bool const stores = reuse_blocks_;
    ardent::adaln_residual(block, grid, layout_, s.a, s.live, d, [=](int r, int c, float v) ARDENT_INLINE_LAMBDA {
      float const added = gate[at(r, of_modulation) + c] * v;
      h[at(r, stride) + c] += added;
      if (stores) stored[at(r, stride) + c] = skipped ? added : v;
    });
  }

  template <class Block, class Grid>
  ARDENT_INLINE void add_stored(Block& block, Grid& grid, step_view const& s, int d, bool skipped) const {
    int const width = layout_.shape.width(), stride = s.a.stride, of_modulation = s.a.modulation_stride;
    float* const h = s.a.h;
    float const* const stored = stored_of(s, d);
    float const* const gate = s.a.modulation + (3 * d + 2) * width;
    block.elements({grid.rank(), s.live, grid.size()}, {0, width, 1}, [=](int r, int c) ARDENT_INLINE_LAMBDA {
      float const factor = skipped ? 1.0f : gate[at(r, of_modulation) + c];
      h[at(r, stride) + c] += factor * stored[at(r, stride) + c];
    });
    block.sync();  // the next reader is this block: rows are shared out alike
  }

  base_type base_;
  ardent::adaln_layout<Storage, shape_type> layout_;
  bool share_guidance_, reuse_blocks_;
  head_refresh when_;
};

}  // namespace examples::mar
