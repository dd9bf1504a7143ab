// SPDX-License-Identifier: Apache-2.0
//
// Modulations computed ahead: when, in which parts, in how much memory; the same bits as in the loop; and every sync of
// it, and of narrow weights, is needed.
#include <doctest/doctest.h>
#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/executor/checked.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <set>
#include <string>
#include <vector>

#include "support/scene.hpp"

namespace {

using ardent::checked_order;
using ardent::hoisting;
using ardent::executor::checked;

constexpr int steps = 7;
constexpr hoisting whole{}, nothing = ardent::in_loop;

auto sampler_of(int tokens) {
  return ardent::make_sampler(ardent::ordering::raster{tokens, 1}, ardent::annealing::constant{steps},
                              ardent::guidance::constant{2.5}, ardent::solver::ddpm<>{});
}

/// Room for `parts` steps of a tile's rows.
template <class Storage>
hoisting room_for(test::scene const& scene, int rows, int parts) {
  ardent::denoiser::adaln_mlp<Storage> const head(scene.weights.shape, nullptr, whole);
  std::size_t const a_step = head.shared_floats(rows, 2) - head.shared_floats(rows, 1);
  return {static_cast<std::size_t>(parts) * a_step * sizeof(float) + 4, 64};
}

TEST_CASE("hoisting: as many steps as the memory holds, none where rows are many") {
  constexpr hoisting h{1000, 8};
  static_assert(h.steps(1, 50, 10) == 50);
  static_assert(h.steps(8, 50, 10) == 12);
  static_assert(h.steps(8, 12, 10) == 12);
  static_assert(h.steps(9, 50, 10) == 1);
  static_assert(h.steps(4, 50, 1000) == 1);
  static_assert(ardent::in_loop.steps(1, 50, 10) == 1);
  ardent::adaln_shape<> const mar_b(16, 32, 1024, 6, 768);
  ardent::denoiser::adaln_mlp<> const head(mar_b, nullptr);
  CHECK(head.hoisted_steps(8, 50) == 50);
  CHECK(head.hoisted_steps(32, 200) == 97);
  CHECK(head.shared_floats(32, 97) * sizeof(float) < (std::size_t{258} << 20));
  CHECK(head.hoisted_steps(33, 50) == 1);
}

template <class Storage>
void check_bits() {
  test::scene const scene({3, 6, 36, 2, 7}, 1, 5, steps);
  auto const sampler = sampler_of(5);
  auto const drawn = [&](auto const& executor, int most, bool team, hoisting h) {
    return test::draw<Storage>(scene, sampler, executor, most, team, h);
  };
  for (auto const level : {ardent::simd_level::baseline, ardent::host_level()}) {
    ardent::executor::host const one(1, level), two(2, level);
    auto const expected = drawn(one, 5, false, nothing);
    for (int const most : {1, 3, 5})
      for (int const parts : {1, 2, 3, steps}) {
        CAPTURE(most);
        CAPTURE(parts);
        hoisting const h = room_for<Storage>(scene, 2 * most, parts);
        CHECK(drawn(one, most, false, h) == expected);
        CHECK(drawn(one, most, true, h) == expected);
        CHECK(drawn(two, most, true, h) == expected);
        CHECK(drawn(two, most, false, h) == expected);
      }
    CHECK(drawn(two, 5, true, whole) == expected);
  }
}

TEST_CASE("modulations computed ahead, in parts or at once, give the bits of the loop") {
  check_bits<float>();
  check_bits<ardent::bfloat16>();
  check_bits<ardent::int8_weight>();
}

template <class Storage>
void check_syncs() {
  test::scene const scene({3, 6, 20, 1, 7}, 1, 3, steps);
  auto const sampler = sampler_of(3);
  hoisting const parts = room_for<Storage>(scene, 4, 3);
  auto const drawn = [&](checked const& executor, bool team) {
    return test::draw<Storage>(scene, sampler, executor, 2, team, parts);
  };
  auto const right = drawn(checked(1, 3), true);
  std::set<ardent::sync_place> places;
  for (auto const order : {checked_order::ascending, checked_order::descending})
    for (bool const team : {false, true}) {
      checked const executor(2, 3, order);
      CHECK(drawn(executor, team) == right);  // the control
      places.insert(executor.places().begin(), executor.places().end());
    }
  int in_head = 0;
  for (ardent::sync_place const& place : places) {
    if (place.first.find("ardent/denoiser/adaln_") == std::string::npos) continue;  // the others: mutation_test.cpp
    ++in_head;
    bool noticed = false;
    for (auto const order : {checked_order::ascending, checked_order::descending})
      for (bool const team : {false, true}) noticed = noticed || drawn(checked(2, 3, order, place), team) != right;
    INFO("left out: the sync at " << place.first << ":" << place.second);
    CHECK(noticed);
  }
  CHECK(in_head == 10);
}

TEST_CASE("each sync of a head with narrow weights and modulations ahead is needed") {
  check_syncs<ardent::bfloat16>();
  check_syncs<ardent::int8_weight>();
}

}  // namespace
