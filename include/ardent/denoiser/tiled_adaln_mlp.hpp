// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The diffusion head of MAR and Harmon on tensor cores: by the warps of one block, or of a grid of blocks.

#include <ardent/denoiser/denoiser.hpp>
#include <ardent/denoiser/tiled_adaln_layout.hpp>
#include <ardent/denoiser/tiled_plan.hpp>
#include <ardent/detail/nonfinite.hpp>
#include <ardent/detail/tiled_memory.hpp>
#include <ardent/detail/tiled_norm.hpp>
#include <ardent/tile/product.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {

namespace denoiser {

/// @brief What denoiser::adaln_mlp computes (see there), from tiled weights.
///
/// Of a grid of blocks, panel p of layer j of the residual blocks belongs to block (j P + p) mod blocks, P panels a
/// layer: so each block has nearly the same share of all of them, and it can keep its share in shared memory. Layer
/// norms are computed by every block: what a grid must wait for is the input layer, the 2 D layers of the residual
/// blocks and the output layer, 2 D + 2 grid syncs an evaluation. With more rows it pays to compute each of the blocks'
/// layer norms once, at D more.
///
/// Activations between layers are rounded to the format's type; sums, h, layer norms and modulations are float. The
/// layers of condition, input and output are float altogether, and a few numbers for each block.
///
/// @tparam Format  a format, see tile/format.hpp
/// @tparam Shape   an adaln_shape
/// @tparam Plan    how it is evaluated
template <class Format, class Shape = adaln_shape<>, tiled_plan Plan = tiled_plan{}>
class tiled_adaln_mlp {
 public:
  using activation = typename Format::activation;               ///< activations between layers
  static constexpr prediction predicted = prediction::epsilon;  ///< it predicts epsilon
  static constexpr bool waits_itself = true;                    ///< see inline_denoiser
  static constexpr tiled_plan plan = Plan;                      ///< how it is evaluated

  /// @brief A head over tiled weights, which it does not own.
  /// @param shape      the sizes
  /// @param memory     what pack_tiled_adaln wrote for the same shape and format
  /// @param nonfinite  counts outputs that are infinite or NaN, over all evaluations; may be null
  /// @param hoisted    network rows of which modulations are computed at once, in [1, 8 Plan.hoisted_groups]
  tiled_adaln_mlp(Shape shape, void const* memory, unsigned long long* nonfinite = nullptr,
                  int hoisted = 8 * Plan.hoisted_groups)
      : layout_(shape, memory), nonfinite_(nonfinite), hoisted_rows_(hoisted) {}

  ARDENT_HD int channels() const { return layout_.shape.channels(); }                ///< channels of a token
  ARDENT_HD int outputs() const { return layout_.shape.outputs(); }                  ///< numbers it outputs
  ARDENT_HD int condition_width() const { return layout_.shape.condition_width(); }  ///< numbers of a condition
  int time_features() const { return layout_.shape.width(); }                        ///< W: a time's embedding
  /// @brief The most tokens of a tile.
  int most_tokens(int branches) const { return 8 * Plan.groups / branches; }

  /// @brief Floats shared by the grid: conditions, h, hidden activations, and the modulations of all steps if they are
  /// hoisted, else of one step.
  /// @param rows    network rows of a tile
  /// @param steps   denoising steps
  std::size_t shared_floats(int rows, int steps) const {
    return memory_of::shared_floats(layout_.shape, rows, Plan.hoisted ? steps : 1);
  }
  /// @brief Bytes of a block's own memory, on a GPU its shared memory: activations, scratch of the products, and the
  /// block's share of the weights where they stay.
  /// @param rows    network rows of a tile
  /// @param blocks  blocks of the grid
  std::size_t block_bytes(int rows, int blocks) const {
    return tiled_block_bytes<Format>(layout_.shape, rows, blocks, Plan, hoisted_rows_);
  }

  /// @brief Embeds the tile's conditions, computes the modulations of all steps if they are hoisted, and loads the
  /// weights that stay.
  /// @param block   this thread's block
  /// @param grid    the blocks that share the tile
  /// @param t       the tile
  /// @param shared  shared_floats of the tile's rows, once for the grid
  /// @param own     block_bytes, aligned to 16
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE void begin(Block& block, Grid& grid, tile const& t, float* shared, float* own) const {
    const int rows = t.rows(), tokens = t.tokens, total = t.total, first_token = t.first;
    const int width = layout_.shape.width(), z_width = condition_width();
    const memory_of m(layout_.shape, rows, Plan.groups, shared, own);
    float const* const z = t.conditions;
    activation* const hidden = m.hidden;
    if (grid.rank() == 0)  // what pads the hidden activations is never written again
      block.elements({0, rows, 1}, {width, padded_inputs<Format>(width), 1}, [=](int r, int k) ARDENT_INLINE_LAMBDA {
        detail::store_activation(0, hidden[activation_index<Format>(r, k, rows)]);
      });
    float* const c = m.condition;
    dense_matrix<float> const& embed = layout_.condition;
    for (int o = grid.rank() + block.warp() * grid.size(); o < width; o += block.warps() * grid.size())
      for (int r = 0; r < rows; ++r) {
        float const* const from = z + at(r / tokens * total + first_token + r % tokens, z_width);
        float sum = 0;
        for (int k = block.lane(); k < z_width; k += warp_size)
          sum = detail::multiply_add(from[k], embed.weight[at(o, z_width) + k], sum);
        sum = block.warp_sum(sum);
        if (block.lane() == 0) c[at(r, width) + o] = sum + embed.bias[o];
      }
    grid.sync(block);
    if constexpr (Plan.hoisted) {
      const int all = rows * t.steps, most = hoisted_rows_;
      for (int first = 0; first < all; first += most) {
        const int count = all - first < most ? all - first : most;
        const memory_of wide(layout_.shape, count, Plan.hoisted_groups, shared, own);
        if (first > 0) block.sync();  // the rows before are read
        modulate<Plan.hoisted_groups>(block, grid, t, first, count, wide.x, wide.scratch, c,
                                      m.modulation + at(first, layout_.shape.modulations()));
      }
      block.sync();
    }
    if constexpr (Plan.resident) {
      const int panels = layout_.first_in.panels(), all = 2 * layout_.shape.depth() * panels;
      const std::ptrdiff_t size = layout_.first_in.panel_size();
      lane_words* to = m.resident;
      for (int q = grid.rank(); q < all; q += grid.size(), to += words(size)) {
        lane_words* const here = to;
        lane_words const* const from =
            reinterpret_cast<lane_words const*>(layout_.mlp(q / panels).data + q % panels * size);
        block.elements({0, 1, 1}, {0, words(size), 1},
                       [=](int, int i) ARDENT_INLINE_LAMBDA { here[i] = detail::load_words(from + i); });
      }
    }
  }

  /// @brief One evaluation on the tile: see inline_denoiser. Every block gets the whole output.
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE void evaluate(Block& block, Grid& grid, tile const& t, time_point const& time, float const* x,
                              float* output, float* shared, float* own) const {
    const int rows = t.rows(), tokens = t.tokens, branches = t.branches;
    const int width = layout_.shape.width(), stride = layout_.shape.modulations();
    const int channel_count = channels(), output_count = outputs();
    const memory_of m(layout_.shape, rows, Plan.groups, shared, own);
    float* const h = m.h;
    float* const modulation = m.modulation + at(Plan.hoisted ? time.step * rows : 0, stride);
    dense_matrix<float> const& input = layout_.input;
    block.elements({0, tokens, 1}, {grid.rank(), width, grid.size()}, [=](int r, int k) ARDENT_INLINE_LAMBDA {
      float sum = input.bias[k];
      for (int i = 0; i < channel_count; ++i)
        sum = detail::multiply_add(x[at(r, channel_count) + i], input.weight[at(k, channel_count) + i], sum);
      for (int b = 0; b < branches; ++b) h[at(b * tokens + r, width) + k] = sum;
    });
    if constexpr (!Plan.hoisted) {
      modulate<Plan.groups>(block, grid, t, time.step * rows, rows, m.x, m.scratch, m.condition, modulation);
    }
    grid.sync(block);
    for (int d = 0; d < layout_.shape.depth(); ++d) {
      activation const* const normal = normalise(block, grid, m, rows, h, modulation, d, layout_.norm_weight(d));
      activation* const hidden = m.hidden;
      mlp_product(block, grid, m, normal, rows, 2 * d, [=](int r, int k, float v) ARDENT_INLINE_LAMBDA {
        detail::store_activation(detail::silu(v), hidden[activation_index<Format>(r, k, rows)]);
      });
      grid.sync(block);
      float const* const gate = modulation + (3 * d + 2) * width;
      const auto before = [=](int r, int k)
                              ARDENT_INLINE_LAMBDA { return gated{h[at(r, width) + k], gate[at(r, stride) + k]}; };
      const auto add = [=](int r, int k, float v, gated const& g)
                           ARDENT_INLINE_LAMBDA { h[at(r, width) + k] = g.h + g.gate * v; };
      mlp_product(block, grid, m, m.hidden, rows, 2 * d + 1, product_use{before, add});
      grid.sync(block);
    }
    // a row is dealt to several blocks, if there are more blocks than rows, and each has a part of its outputs
    unsigned long long* const counter = nonfinite_;
    const int blocks = grid.size(), shares = blocks > rows ? blocks / rows : 1;
    for (int q = grid.rank(); q < rows * shares; q += blocks) {
      const int r = q % rows, first = q / rows + block.warp() * shares;
      if (first >= output_count) continue;
      const detail::norm_row row(r, width, h, modulation, stride, layout_.shape.depth(), nullptr);
      detail::normal_row<kept_quads> normal;
      detail::normalise_row(block, row, normal);
      detail::normal_products(block, row, normal, layout_.output, first, block.warps() * shares,
                              [=](int k, float v) ARDENT_INLINE_LAMBDA {
                                output[at(r, output_count) + k] = v;
                                detail::count_nonfinite(v, counter);
                              });
    }
    grid.sync(block);
  }

 private:
  using memory_of = detail::tiled_memory<Format>;
  // where the products' sums leave few registers, the rest of a row longer than 1024 is read again
  static constexpr int kept_quads = Plan.groups > 4 ? 8 : detail::most_kept_quads;
  struct gated {
    float h, gate;
  };

  ARDENT_INLINE static std::ptrdiff_t at(int row, int stride) { return static_cast<std::ptrdiff_t>(row) * stride; }
  ARDENT_INLINE static int words(std::ptrdiff_t weights) {
    return static_cast<int>(weights * static_cast<int>(sizeof(typename Format::storage)) /
                            static_cast<int>(sizeof(lane_words)));
  }
  ARDENT_INLINE static auto panels_of(tiled_matrix<Format> const& matrix) {
    auto const* const data = matrix.data;
    const std::ptrdiff_t size = matrix.panel_size();
    return [=](int panel) ARDENT_INLINE_LAMBDA { return data + panel * size; };
  }

  /// Layer norm d of all rows, by every block or each row by one; where products find it, after a sync.
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE activation const* normalise(Block& block, Grid& grid, memory_of const& m, int rows, float const* h,
                                            float const* modulation, int d, float const* weight) const {
    const int width = layout_.shape.width(), stride = layout_.shape.modulations();
    if constexpr (Plan.norms_once) {
      detail::normalise<Format, kept_quads>(block, grid.rank() + block.warp() * grid.size(),
                                            block.warps() * grid.size(), rows, width, h, modulation, stride, d, weight,
                                            m.normal);
      grid.sync(block);
      return m.normal;
    } else {
      detail::normalise<Format, kept_quads>(block, block.warp(), block.warps(), rows, width, h, modulation, stride, d,
                                            weight, m.x);
      block.sync();
      return m.x;
    }
  }

  /// A product whose panels are dealt out to the grid's blocks.
  ARDENT_ANY_GROUP
  template <int Groups, bool Sliced, class Block, class Grid, class F>
  ARDENT_INLINE void product(Block& block, Grid& grid, activation const* x, int rows,
                             tiled_matrix<Format> const& matrix, float* scratch, F const& f) const {
    tile_product<Groups, Sliced>(block, x, rows, matrix, {grid.rank(), matrix.panels(), grid.size()}, panels_of(matrix),
                                 scratch, f);
  }

  /// A product with layer j of the residual blocks, whose panels continue the deal of the layers before.
  ARDENT_ANY_GROUP
  template <class Block, class Grid, class F>
  ARDENT_INLINE void mlp_product(Block& block, Grid& grid, memory_of const& m, activation const* x, int rows, int j,
                                 F const& f) const {
    const tiled_matrix<Format> matrix = layout_.mlp(j);
    const int panels = matrix.panels(), before = j * panels, blocks = grid.size();
    const int turn = before % blocks;
    const int first = grid.rank() >= turn ? grid.rank() - turn : grid.rank() - turn + blocks;
    if constexpr (Plan.resident) {
      auto const* const resident = reinterpret_cast<typename Format::storage const*>(m.resident);
      const std::ptrdiff_t size = matrix.panel_size();
      tile_product<Plan.groups, Plan.shared>(
          block, x, rows, matrix, {first, panels, blocks},
          [=](int panel) ARDENT_INLINE_LAMBDA { return resident + (before + panel) / blocks * size; }, m.scratch, f);
    } else {
      tile_product<Plan.groups, Plan.shared>(block, x, rows, matrix, {first, panels, blocks}, panels_of(matrix),
                                             m.scratch, f);
    }
  }

  /// to [count][(3 D + 2) W] = the modulations of rows [first, first + count) of all steps' rows, step by step.
  ARDENT_ANY_GROUP
  template <int Groups, class Block, class Grid>
  ARDENT_INLINE void modulate(Block& block, Grid& grid, tile const& t, int first, int count, activation* x,
                              float* scratch, float const* condition, float* to) const {
    const int width = layout_.shape.width(), stride = layout_.shape.modulations(), rows = t.rows();
    float const* const times = t.times;
    int const* const time_index = t.time_index;
    detail::to_activation_quads<Format>(block, x, count, width, [=](int i, int k) ARDENT_INLINE_LAMBDA {
      const int step = (first + i) / rows, r = (first + i) % rows;
      const detail::four_floats of_time = detail::load_floats(times + at(time_index[step], width) + k);
      const detail::four_floats of_token = detail::load_floats(condition + at(r, width) + k);
      detail::four_floats v;
      for (int j = 0; j < 4; ++j) v.value[j] = detail::silu(of_time.value[j] + of_token.value[j]);
      return v;
    });
    block.sync();
    product<Groups, false>(block, grid, x, count, layout_.modulation, scratch,
                           [=](int i, int k, float v) ARDENT_INLINE_LAMBDA { to[at(i, stride) + k] = v; });
  }

  tiled_adaln_layout<Format, Shape> layout_;
  unsigned long long* nonfinite_;
  int hoisted_rows_;
};

}  // namespace denoiser
}  // namespace v0
}  // namespace ardent
