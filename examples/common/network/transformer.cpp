// SPDX-License-Identifier: Apache-2.0
//
// A transformer's parts at the level of the workspace.
#include "transformer.hpp"

#include <algorithm>

#include "transformer_kernels.hpp"
#include "transformer_level.hpp"

namespace examples::transformer {
namespace {

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

int rounded_up(int n) { return (n + ardent::panel_width - 1) / ardent::panel_width * ardent::panel_width; }

}  // namespace

workspace::workspace(int rows, int width, int hidden, ardent::simd_level level)
    : level_(level),
      score_stride_(rounded_up(rows)),
      features_(product(rows, width)),
      qkv_(product(rows, 3 * width)),
      hidden_(product(rows, hidden_stride(hidden))),
      scores_(product(chunk, score_stride_)),
      factors_(chunk),
      keys_(product(score_stride_, width)),
      values_(product(rows, rounded_up(width))),
      zeros_(static_cast<std::size_t>(std::max(rows, width))),
      narrow_(product(rows, ardent::narrowed_bytes<ardent::bfloat16>(std::max(width, hidden)))) {
  std::fill_n(zeros_.data(), std::max(rows, width), 0.0F);
}

template <class Storage>
void apply(ardent::packed_matrix<Storage> const& layer, float const* x, int rows, float* y, workspace& work) {
  int const width = layer.outputs;
  at_level(work.level(), [&](auto block) {
    kernels::multiply(block, layer, x, rows, work,
                      [=](int r, int c, float value) ARDENT_INLINE_LAMBDA { kernels::row_of(y, r, width)[c] = value; });
  });
}

void apply(packed_norm const& norm, float const* x, int rows, float* y, workspace& work) {
  at_level(work.level(), [&](auto block) { kernels::normalise(block, norm, x, rows, y, work.factors()); });
}

template <class Storage>
void project_qkv(packed_block<Storage> const& layer, float const* x, int begin, int end, int first_query,
                 workspace& work) {
  at_level(work.level(), [&](auto block) { kernels::project_qkv(block, layer, x, begin, end, first_query, work); });
}

template <class Storage>
void attend_and_mlp(packed_block<Storage> const& layer, float* x, int rows, int first_query, workspace& work) {
  at_level(work.level(), [&](auto block) { kernels::attend_and_mlp(block, layer, x, rows, first_query, work); });
}

template <class Storage>
void attend(packed_block<Storage> const& layer, float* x, int rows, float const* kept, int count, workspace& work) {
  int const width = layer.width();
  at_level(work.level(), [&](auto block) {
    kernels::attend(block, layer, x, {work.qkv(), 3 * width, rows, kept, kept + width, 2 * width, count, nullptr},
                    work);
  });
}

template <class Storage>
void add_mlp(packed_block<Storage> const& layer, float* x, int rows, workspace& work) {
  at_level(work.level(), [&](auto block) { kernels::add_mlp(block, layer, x, rows, work); });
}

#define EXAMPLES_TRANSFORMER(Storage)                                                                \
  template void apply(ardent::packed_matrix<Storage> const&, float const*, int, float*, workspace&); \
  template void project_qkv(packed_block<Storage> const&, float const*, int, int, int, workspace&);  \
  template void attend_and_mlp(packed_block<Storage> const&, float*, int, int, workspace&);          \
  template void attend(packed_block<Storage> const&, float*, int, float const*, int, workspace&);    \
  template void add_mlp(packed_block<Storage> const&, float*, int, workspace&)

EXAMPLES_TRANSFORMER(float);
EXAMPLES_TRANSFORMER(ardent::bfloat16);

#undef EXAMPLES_TRANSFORMER

}  // namespace examples::transformer
