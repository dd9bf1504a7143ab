// SPDX-License-Identifier: Apache-2.0
//
// tile_product on warps of real threads against sums in double: every format, sizes that fill no chunk, panel or tile,
// more panels than warps and fewer; and that a result depends neither on its neighbours nor on who computes it.
#include <doctest/doctest.h>
#include <ardent/executor/checked.hpp>
#include <ardent/tile/product.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "tile/tiled_layer.hpp"

namespace {

using ardent::checked_order;
using ardent::executor::checked;

template <class Format>
using layer = test::tiled_layer<Format>;

/// [rows][outputs], NaN where nothing was written.
template <int Groups, bool Sliced = true, class Format>
std::vector<float> run(layer<Format> const& l, checked const& executor, ardent::strided_range panels) {
  auto const x = l.activations();
  std::vector<float> y(static_cast<std::size_t>(l.rows * l.outputs), std::nanf(""));
  std::vector<float> scratch(ardent::product_scratch(Groups), std::nanf(""));
  auto const m = l.view();
  executor.run_tiles(1, [&](auto& block, auto&, int, int) {
    ardent::tile_product<Groups, Sliced>(
        block, x.data(), l.rows, m, panels, [&](int panel) { return m.data + panel * m.panel_size(); }, scratch.data(),
        [&](int r, int c, float v) { y[static_cast<std::size_t>(r * l.outputs + c)] = v; });
  });
  return y;
}

template <int Groups, class Format>
void check(int inputs, int outputs, int rows) {
  CAPTURE(inputs);
  CAPTURE(outputs);
  CAPTURE(rows);
  layer<Format> const l(inputs, outputs, rows);
  std::vector<float> const whole = run<Groups>(l, checked(1, 32), {0, l.view().panels(), 1});
  double largest = 0;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < outputs; ++c)
      largest = std::fmax(
          largest, std::fabs(static_cast<double>(whole[static_cast<std::size_t>(r * outputs + c)]) - l.expected(r, c)));
  // sums of `inputs` terms of size 1: a few roundings of float; for fp32 also 2^-21 a product
  CHECK(largest < 4e-6 * std::sqrt(inputs));
  // the same bits from other numbers of warps, which share the work in other ways, and for a part of the panels
  for (int const threads : {64, 160, 288}) {
    CHECK(run<Groups>(l, checked(1, threads), {0, l.view().panels(), 1}) == whole);
    CHECK(run<Groups, false>(l, checked(1, threads), {0, l.view().panels(), 1}) == whole);
  }
  std::vector<float> const some = run<Groups>(l, checked(1, 96), {1, l.view().panels(), 2});
  int wrong = 0;
  for (std::size_t i = 0; i < some.size(); ++i) {
    bool const mine = i % static_cast<std::size_t>(outputs) / 8 % 2 == 1;
    wrong += mine ? some[i] != whole[i] : !std::isnan(some[i]);
  }
  CHECK(wrong == 0);
}

TEST_CASE("tile_product agrees with sums in double, whoever computes them") {
  check<1, ardent::format::bf16>(7, 5, 1);
  check<1, ardent::format::bf16>(100, 20, 8);
  check<2, ardent::format::bf16>(64, 48, 11);
  check<3, ardent::format::bf16>(33, 16, 24);
  check<4, ardent::format::bf16>(160, 9, 30);
  check<1, ardent::format::fp8>(7, 5, 3);
  check<2, ardent::format::fp8>(130, 24, 16);
  check<1, ardent::format::fp32>(3, 16, 2);
  check<2, ardent::format::fp32>(100, 20, 9);
}

TEST_CASE("tile_product: a row does not depend on the rows beside it") {
  layer<ardent::format::bf16> const many(70, 24, 16);
  std::vector<float> const all = run<2>(many, checked(1, 64), {0, 3, 1});
  for (int const r : {0, 7, 8, 15}) {
    layer<ardent::format::bf16> one = many;
    one.rows = 1;
    one.x.assign(many.x.begin() + 70 * r, many.x.begin() + 70 * (r + 1));
    CHECK(run<1>(one, checked(1, 64), {0, 3, 1}) ==
          std::vector<float>(all.begin() + 24 * r, all.begin() + 24 * r + 24));
  }
}

TEST_CASE("tile_product: a missing sync would be noticed") {
  layer<ardent::format::bf16> const l(64, 40, 4);
  std::vector<float> const right = run<1>(l, checked(1, 32), {0, 5, 1});
  checked const control(1, 256, checked_order::ascending);
  CHECK(run<1>(l, control, {0, 5, 1}) == right);
  int places = 0;
  for (ardent::sync_place const& place : control.places()) {
    ++places;
    bool noticed = false;
    for (auto const order : {checked_order::ascending, checked_order::descending})
      noticed = noticed || run<1>(l, checked(1, 256, order, place), {0, 5, 1}) != right;
    INFO("left out: the sync at " << place.first << ":" << place.second);
    CHECK(noticed);
  }
  CHECK(places == 2);
}

TEST_CASE("pack_tiles refuses what a format cannot hold") {
  std::vector<ardent::bfloat16> out(ardent::tiled_size<ardent::format::bf16>(2, 1));
  float const not_a_number[] = {1, std::nanf("")}, too_large[] = {1, 3.4e38f};
  CHECK_THROWS_WITH_AS(ardent::pack_tiles<ardent::format::bf16>(not_a_number, 2, 1, out.data(), nullptr),
                       "ardent::pack_tiles: expected finite weights that the format can hold, found nan at output 0, "
                       "input 1",
                       std::invalid_argument);
  CHECK_THROWS_AS(ardent::pack_tiles<ardent::format::bf16>(too_large, 2, 1, out.data(), nullptr),
                  std::invalid_argument);
  std::vector<ardent::float8_e4m3> small(ardent::tiled_size<ardent::format::fp8>(2, 1));
  float scale = 0;
  float const infinite[] = {1, std::numeric_limits<float>::infinity()};
  CHECK_THROWS_AS(ardent::pack_tiles<ardent::format::fp8>(infinite, 2, 1, small.data(), &scale), std::invalid_argument);
}

}  // namespace
