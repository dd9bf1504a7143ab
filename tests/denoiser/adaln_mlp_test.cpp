// SPDX-License-Identifier: Apache-2.0
//
// The AdaLN MLP head against a scalar reference in double: odd sizes, weights of all storages, static and dynamic
// sizes, every group the machine can run.
#include <doctest/doctest.h>
#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/executor/checked.hpp>

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "denoiser/evaluate_head.hpp"

namespace {

using ardent::adaln_shape;
using ardent::bfloat16;
using ardent::int8_weight;
using ardent::simd_level;
using ardent::denoiser::adaln_mlp;
using test::evaluate_head;
using test::expected_output;
using test::largest_difference;
using test::made_head;

// Every product is a chain of at most 256 float multiply-adds, and the layers pass errors on with a gain near 1. The
// largest part is the time embedding's: angles near 1000 are rounded to float, an error of 3e-5 in a sinusoid.
// With narrow weights the reference rounds activations too; where float's error moves one across a tie, its rounding
// differs by 2^-8 of it, or by a hundredth of the row's largest.
template <class Storage>
constexpr double bound = 1e-5;
template <>
constexpr double bound<bfloat16> = 5e-3;
template <>
constexpr double bound<int8_weight> = 3e-2;

bool has_avx2() { return ardent::host_level() >= simd_level::avx2; }

/// What every group makes of one input, checked against the reference.
template <class Storage>
void check(made_head const& weights, test::head_input const& in) {
  auto const memory = weights.packed<Storage>(weights.shape);
  adaln_mlp<Storage> const head(weights.shape, memory.data());
  constexpr test::stored how = std::is_same_v<Storage, float>      ? test::exactly
                               : std::is_same_v<Storage, bfloat16> ? test::as_bfloat16
                                                                   : test::as_int8;
  test::reference_head const reference(weights, how);
  test::doubles const expected = expected_output(reference, head.condition_width(), in);
  auto const difference = [&](auto const& executor) {
    return largest_difference(evaluate_head(executor, head, in), expected);
  };
  CHECK(difference(test::one_level<simd_level::baseline>{}) < bound<Storage>);
  if (has_avx2()) CHECK(difference(test::one_level<simd_level::avx2>{}) < bound<Storage>);
  if (ardent::host_level() >= simd_level::avx512)
    CHECK(difference(test::one_level<simd_level::avx512>{}) < bound<Storage>);
  if (ardent::host_level() >= simd_level::avx512_dot)
    CHECK(difference(test::one_level<simd_level::avx512, true>{}) < bound<Storage>);
  if (in.tokens <= 5) {
    CHECK(difference(ardent::executor::checked(1, 7)) < bound<Storage>);
    CHECK(difference(ardent::executor::checked(3, 4)) < bound<Storage>);
  }
}

TEST_CASE("adaln_mlp agrees with the reference at odd sizes") {
  for (int const width : {20, 48, 64, 100})
    for (int const channels : {3, 16})
      for (int const outputs : {channels, 2 * channels}) {
        int const depth = 1 + width / 4 % 3;  // 3, 1, 2, 2
        made_head const weights({channels, outputs, width, depth, 7}, static_cast<std::uint64_t>(width + outputs));
        for (int const tokens : {1, 5, 70}) {
          CAPTURE(width);
          CAPTURE(channels);
          CAPTURE(outputs);
          CAPTURE(tokens);
          check<float>(weights, {weights.shape, tokens, tokens % 2 + 1, 437});
          check<bfloat16>(weights, {weights.shape, tokens, tokens % 2 + 1, 437});
          check<int8_weight>(weights, {weights.shape, tokens, tokens % 2 + 1, 437});
        }
      }
}

TEST_CASE("adaln_mlp is told the time") {
  made_head const weights({3, 6, 48, 3, 7});
  for (float const timestep : {0.0f, 1.0f, 12.34f, 500.0f, 950.0f, 999.0f}) {
    CAPTURE(timestep);
    check<float>(weights, {weights.shape, 2, 2, timestep});
  }
}

/// Every number of the two heads is the same.
template <class Storage, class Shape>
void check_static() {
  constexpr Shape fixed{};
  adaln_shape<> const shape(fixed.channels(), fixed.outputs(), fixed.width(), fixed.depth(), fixed.condition_width());
  made_head const weights(shape, 5);
  auto const memory = weights.packed<Storage>(shape);
  auto const static_memory = weights.packed<Storage>(fixed);
  adaln_mlp<Storage> const head(shape, memory.data());
  adaln_mlp<Storage, Shape> const static_head(fixed, static_memory.data());
  for (int const tokens : {1, 5, 70}) {
    test::head_input const in(shape, tokens, 2, 321);
    auto const equal = [&](auto const& executor) {
      return evaluate_head(executor, head, in) == evaluate_head(executor, static_head, in);
    };
    CAPTURE(shape.width());
    CAPTURE(tokens);
    CHECK(equal(test::one_level<simd_level::baseline>{}));
    if (has_avx2()) CHECK(equal(test::one_level<simd_level::avx2>{}));
    if (tokens <= 5) CHECK(equal(ardent::executor::checked(2, 5)));
  }
}

TEST_CASE("a head of static sizes equals one of dynamic sizes bit for bit") {
  check_static<float, adaln_shape<3, 6, 20, 1, 7>>();
  check_static<float, adaln_shape<16, 32, 64, 2, 7>>();
  check_static<bfloat16, adaln_shape<16, 16, 100, 3, 7>>();
  check_static<int8_weight, adaln_shape<3, 6, 36, 2, 7>>();
}

TEST_CASE("a head's rows do not depend on the rows beside them") {
  made_head const weights({3, 6, 48, 2, 7});
  auto const memory = weights.packed<float>(weights.shape);
  adaln_mlp<> const head(weights.shape, memory.data());
  test::head_input const many(weights.shape, 70, 1, 200);
  auto const check_level = [&](auto const& executor) {
    std::vector<float> const all = evaluate_head(executor, head, many);
    for (int const r : {0, 1, 37, 69}) {
      test::head_input one(weights.shape, 1, 1, 200);
      one.x.assign(many.x.begin() + 3 * r, many.x.begin() + 3 * (r + 1));
      one.z.assign(many.z.begin() + 7 * r, many.z.begin() + 7 * (r + 3));
      CHECK(evaluate_head(executor, head, one) == std::vector<float>(all.begin() + 6 * r, all.begin() + 6 * (r + 1)));
    }
  };
  check_level(test::one_level<simd_level::baseline>{});
  if (has_avx2()) check_level(test::one_level<simd_level::avx2>{});
}

/// A NaN in the condition of one row is all of that row's outputs, on every group, and no other.
template <class Storage>
void check_counting() {
  made_head const weights({3, 6, 20, 2, 7});
  auto const memory = weights.packed<Storage>(weights.shape);
  unsigned long long counted = 0;
  adaln_mlp<Storage> const head = adaln_mlp<Storage>(weights.shape, memory.data()).counting(&counted);
  test::head_input const clean(weights.shape, 5, 2, 437);
  test::head_input broken = clean;
  broken.z[static_cast<std::size_t>((broken.total + 1 + 3) * 7 + 2)] = std::nanf("");  // second branch, token 3
  auto const check_group = [&](auto const& executor) {
    counted = 0;
    evaluate_head(executor, head, clean);
    CHECK(counted == 0);
    std::vector<float> const found = evaluate_head(executor, head, broken);
    CHECK(counted == 6);
    CHECK(std::isnan(found[(5 + 3) * 6]));
    evaluate_head(executor, head, broken);
    CHECK(counted == 12);
  };
  check_group(test::one_level<simd_level::baseline>{});
  if (has_avx2()) check_group(test::one_level<simd_level::avx2>{});
  check_group(ardent::executor::checked(1, 7));
  check_group(ardent::executor::checked(3, 4));
}

TEST_CASE("adaln_mlp counts what is infinite or not a number") {
  check_counting<float>();
  check_counting<bfloat16>();
  check_counting<int8_weight>();
}

}  // namespace
