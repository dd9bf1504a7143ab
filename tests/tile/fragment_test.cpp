// SPDX-License-Identifier: Apache-2.0
//
// The maps from lanes to elements: each element of A, B and C is held by exactly one lane; and what a lane reads of
// tiled weights and of activations are the same inner elements.
#include <doctest/doctest.h>
#include <ardent/tile/matrix.hpp>

#include <vector>

namespace {

namespace fragment = ardent::fragment;
using ardent::fragment_kind;

constexpr bool is_bijection(fragment_kind kind) {
  int a[16][16] = {}, b[16][8] = {}, c[16][8] = {};
  for (int lane = 0; lane < ardent::warp_size; ++lane) {
    for (int half = 0; half < fragment::elements(kind); ++half) {
      for (int i = 0; i < 4; ++i) ++a[fragment::a_row(lane, i)][fragment::a_k(kind, lane, i, half)];
      for (int i = 0; i < 2; ++i) ++b[fragment::b_k(kind, lane, i, half)][fragment::b_column(lane)];
    }
    for (int i = 0; i < 4; ++i) ++c[fragment::c_row(lane, i)][fragment::c_column(lane, i)];
  }
  bool once = true;
  for (int i = 0; i < 16; ++i) {
    for (int k = 0; k < fragment::depth(kind); ++k) once = once && a[i][k] == 1;
    for (int j = 0; j < 8; ++j) once = once && c[i][j] == 1 && b[i][j] == (i < fragment::depth(kind) ? 1 : 0);
  }
  return once;
}
static_assert(is_bijection(fragment_kind::bf16));
static_assert(is_bijection(fragment_kind::fp16));
static_assert(is_bijection(fragment_kind::tf32));

// From the pictures of the PTX manual: a few elements by hand.
static_assert(fragment::a_row(5, 3) == 9 && fragment::a_k(fragment_kind::bf16, 5, 3, 1) == 11);
static_assert(fragment::a_row(5, 2) == 1 && fragment::a_k(fragment_kind::tf32, 5, 2, 0) == 5);
static_assert(fragment::b_column(30) == 7 && fragment::b_k(fragment_kind::bf16, 30, 1, 0) == 12);
static_assert(fragment::c_row(30, 2) == 15 && fragment::c_column(30, 1) == 5);

template <class Format>
void check_layout(int inputs, int outputs) {
  constexpr int of_weights = Format::chunk / 4, step = ardent::activation_chunk<Format>, of_row = step / 4;
  std::vector<int> seen(ardent::tiled_size<Format>(inputs, outputs));
  int wrong = 0;
  for (int n = 0; n < outputs; ++n)
    for (int k = 0; k < inputs; ++k) {
      auto const i = ardent::tile_index<Format>(n, k, inputs);
      ++seen[static_cast<std::size_t>(i)];
      // the lane that holds the weight, and the element among what it reads
      auto const lane = i / of_weights % ardent::warp_size;
      auto const element = i % of_weights;
      wrong += lane / 4 != n % 8;
      // it must read the same k of an activation row, as one of its `loads` reads
      int const rows = 3, row = 2;
      auto const at = ardent::activation_index<Format>(row, k, rows);
      auto const read = (i / of_weights / ardent::warp_size % (ardent::padded_inputs<Format>(inputs) / Format::chunk)) *
                            Format::loads +
                        element / of_row;
      wrong += at != (read * rows + row) * step + lane % 4 * of_row + element % of_row;
    }
  int total = 0;
  for (int const count : seen) {
    wrong += count > 1;
    total += count;
  }
  CHECK(wrong == 0);
  CHECK(total == inputs * outputs);
}

TEST_CASE("tiled weights and activations give a lane the same inner elements") {
  for (int const inputs : {1, 7, 16, 64, 100, 256})
    for (int const outputs : {1, 8, 13}) {
      CAPTURE(inputs);
      CAPTURE(outputs);
      check_layout<ardent::format::fp32>(inputs, outputs);
      check_layout<ardent::format::bf16>(inputs, outputs);
      check_layout<ardent::format::fp8>(inputs, outputs);
    }
}

}  // namespace
