// SPDX-License-Identifier: Apache-2.0
//
// block_group's narrow and product against sums in double: rows and outputs that do not fill a register tile or a
// panel, strided rows, weights of all storages; and that a row's result does not depend on its neighbours.
#include <doctest/doctest.h>
#include <ardent/packed_matrix.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "group/each_block.hpp"
#include "support/made_numbers.hpp"
#include "support/reference_head.hpp"

namespace {

using ardent::strided_range;

/// A packed layer, its weights as stored, and some rows.
template <class Storage>
struct layer {
  int inputs, outputs, rows, stride;
  test::made_numbers numbers;
  std::vector<float> weight, bias, x, scale;
  std::vector<Storage> packed;

  layer(int in, int out, int row_count)
      : inputs(in),
        outputs(out),
        rows(row_count),
        stride(in + 3),
        numbers(static_cast<std::uint64_t>(in * 100 + out)),
        weight(numbers.normals(in * out)),
        bias(numbers.normals(out)),
        x(numbers.normals(row_count * stride)),
        scale(static_cast<std::size_t>(out)),
        packed(ardent::packed_size<Storage>(in, out)) {
    ardent::pack_matrix(weight.data(), in, out, packed.data(), scale.data());
    for (int n = 0; n < out; ++n) keep(weight, n * in);
    if constexpr (!std::is_same_v<Storage, float>)
      for (int r = 0; r < row_count; ++r) keep(x, r * stride);
  }
  ardent::packed_matrix<Storage> view() const {
    return {packed.data(), bias.data(), inputs, outputs, ardent::weight_group<Storage> == 4 ? scale.data() : nullptr};
  }
  double expected(int row, int output) const {
    double sum = static_cast<double>(bias[static_cast<std::size_t>(output)]);
    for (int k = 0; k < inputs; ++k)
      sum += static_cast<double>(weight[static_cast<std::size_t>(output * inputs + k)]) *
             static_cast<double>(x[static_cast<std::size_t>(row * stride + k)]);
    return sum;
  }

 private:
  /// Rounds a row to what is kept of it: what is narrowed again stays the same.
  void keep(std::vector<float>& numbers_of_rows, int start) {
    auto const first = numbers_of_rows.begin() + start;
    test::doubles const kept =
        test::kept(test::doubles(first, first + inputs), std::is_same_v<Storage, float>              ? test::exactly
                                                         : std::is_same_v<Storage, ardent::bfloat16> ? test::as_bfloat16
                                                                                                     : test::as_int8);
    for (int k = 0; k < inputs; ++k) first[k] = static_cast<float>(kept[static_cast<std::size_t>(k)]);
  }
};

/// y by the library, from rows that a block narrows first. Memory is NaN beforehand.
template <class Storage, class Block, class F>
void multiply(Block& block, layer<Storage> const& l, strided_range rows, strided_range panels,
              test::aligned_bytes& memory, F const& f) {
  if constexpr (std::is_same_v<Storage, float>) {
    block.product({l.x.data(), l.stride}, rows, l.view(), panels, f);
  } else {
    ardent::product_rows<Storage> const narrow{memory.data(), ardent::narrowed_bytes<Storage>(l.inputs)};
    block.narrow(l.x.data(), l.stride, rows, l.inputs, narrow);
    block.sync();
    block.product(narrow, rows, l.view(), panels, f);
  }
}
template <class Storage>
test::aligned_bytes narrow_memory(layer<Storage> const& l) {
  return test::aligned_bytes(static_cast<std::size_t>(l.rows * ardent::narrowed_bytes<Storage>(l.inputs)) + 64);
}

template <class Storage, class Run>
void check(layer<Storage> const& l, strided_range rows, strided_range panels, Run const& run) {
  std::vector<float> y(static_cast<std::size_t>(l.rows * l.outputs), std::nanf(""));
  std::vector<int> visits(y.size());
  test::aligned_bytes memory = narrow_memory(l);
  run([&](auto block) {
    multiply(block, l, rows, panels, memory, [&](int r, int c, float v) {
      y[static_cast<std::size_t>(r * l.outputs + c)] = v;
      ++visits[static_cast<std::size_t>(r * l.outputs + c)];
    });
  });
  int wrong_visits = 0;
  double largest = 0;
  for (int r = 0; r < l.rows; ++r)
    for (int c = 0; c < l.outputs; ++c) {
      int const panel = c / ardent::panel_width;
      bool const in = r >= rows.first && r < rows.last && (r - rows.first) % rows.step == 0 && panel >= panels.first &&
                      panel < panels.last && (panel - panels.first) % panels.step == 0;
      auto const i = static_cast<std::size_t>(r * l.outputs + c);
      wrong_visits += visits[i] != in;
      if (in) largest = std::fmax(largest, std::fabs(static_cast<double>(y[i]) - l.expected(r, c)));
    }
  CHECK(wrong_visits == 0);
  // a chain of n multiply-adds of terms of order 1: n roundings of sums of order sqrt(n)
  CHECK(largest < 0x1p-24 * 8 * (l.inputs + 2) * std::sqrt(l.inputs + 2));
}

template <class Storage>
void check_sizes() {
  test::on_each_block([](auto const& run, std::string const& name) {
    CAPTURE(name);
    for (int const inputs : {1, 3, 16, 33, 100})
      for (int const outputs : {1, 15, 16, 17, 40, 75})  // few rows take up to four panels at once
        for (int const rows : {1, 2, 3, 4, 5, 6, 7, 13, 100}) {
          if (rows == 100 && outputs != 40) continue;
          CAPTURE(inputs);
          CAPTURE(outputs);
          CAPTURE(rows);
          layer<Storage> const l(inputs, outputs, rows);
          check(l, {0, rows, 1}, {0, l.view().panels(), 1}, run);
        }
    layer<Storage> const l(20, 75, 13);  // five panels, the last of 11
    check(l, {1, 13, 3}, {0, 5, 1}, run);
    check(l, {4, 11, 1}, {1, 3, 1}, run);
    check(l, {0, 13, 1}, {4, 5, 1}, run);
    check(l, {0, 13, 1}, {2, 2, 1}, run);
    check(l, {9, 9, 1}, {0, 5, 1}, run);
    check(l, {0, 13, 5}, {0, 5, 2}, run);
    check(l, {0, 13, 1}, {1, 5, 3}, run);
  });
}

TEST_CASE("product computes each row and column once, with float weights") { check_sizes<float>(); }
TEST_CASE("product computes each row and column once, with bfloat16 weights") { check_sizes<ardent::bfloat16>(); }
TEST_CASE("product computes each row and column once, with 8-bit weights") { check_sizes<ardent::int8_weight>(); }

template <class Storage>
void check_rows_alone() {
  test::on_each_block([](auto const& run, std::string const& name) {
    CAPTURE(name);
    layer<Storage> const l(100, 75, 13);
    auto const rows_of = [&](strided_range rows) {
      std::vector<float> y(static_cast<std::size_t>(l.rows * l.outputs));
      test::aligned_bytes memory = narrow_memory(l);
      run([&](auto block) {
        multiply(block, l, rows, {0, 5, 1}, memory,
                 [&](int r, int c, float v) { y[static_cast<std::size_t>(r * l.outputs + c)] = v; });
      });
      return y;
    };
    std::vector<float> const together = rows_of({0, 13, 1});
    std::vector<float> one_by_one(together.size());
    for (int r = 0; r < l.rows; ++r) {
      std::vector<float> const alone = rows_of({r, r + 1, 1});
      for (std::size_t i = 0; i < alone.size(); ++i) one_by_one[i] += alone[i];
    }
    CHECK(together == one_by_one);
  });
}

/// A row that is not finite makes all of its outputs so, and no others.
template <class Storage>
void check_not_finite() {
  test::on_each_block([](auto const& run, std::string const& name) {
    CAPTURE(name);
    for (float const bad : {std::nanf(""), INFINITY, -INFINITY}) {
      layer<Storage> l(33, 20, 5);
      l.x[static_cast<std::size_t>(3 * l.stride + 17)] = bad;
      std::vector<float> y(static_cast<std::size_t>(l.rows * l.outputs));
      test::aligned_bytes memory = narrow_memory(l);
      run([&](auto block) {
        multiply(block, l, {0, 5, 1}, {0, 2, 1}, memory,
                 [&](int r, int c, float v) { y[static_cast<std::size_t>(r * l.outputs + c)] = v; });
      });
      int wrong = 0;
      for (std::size_t i = 0; i < y.size(); ++i) wrong += std::isfinite(y[i]) != (i / 20 != 3);
      CHECK(wrong == 0);
    }
  });
}

TEST_CASE("what is not finite in a row is not finite in its products") {
  check_not_finite<float>();
  check_not_finite<ardent::bfloat16>();
  check_not_finite<ardent::int8_weight>();
}

TEST_CASE("a row of a product is the same alone, bit for bit") {
  check_rows_alone<float>();
  check_rows_alone<ardent::bfloat16>();
  check_rows_alone<ardent::int8_weight>();
}

}  // namespace
