// SPDX-License-Identifier: Apache-2.0
//
// What is checked of a head in each format: a file a format, so that they compile side by side.
#pragma once

#include <doctest/doctest.h>
#include <ardent/cuda/graph.hpp>

#include <string>
#include <type_traits>
#include <vector>

#include "gpu/head_scene.hpp"
#include "support/environment.hpp"

namespace test {

/// @brief body(regime) for each regime that this GPU has for the scene; the others are skipped, and say so.
template <class Format, class F>
void for_each_regime(head_scene<Format> const& scene, F const& body) {
  for (auto const& [regime, name] : all_regimes) {
    CAPTURE(name);
    if (scene.possible(regime))
      body(regime);
    else
      skip(std::string("this GPU does not run the regime ") + name);
  }
}

/// @brief Every regime is within a bound of the reference in double, and all have the same bits.
/// @param bound  see tests/denoiser/tiled_regimes.hpp
template <class Format>
void check_head(ardent::adaln_shape<> const& shape, int tokens, int steps, double bound) {
  head_scene<Format> const scene(shape, tokens, steps);
  doubles const expected = scene.expected();
  std::vector<float> first;
  for_each_regime(scene, [&](ardent::cuda::head_regime regime) {
    std::vector<float> const found = scene.draw(regime);
    CHECK(largest_difference(found, expected) < bound);
    if (first.empty()) first = found;
    CHECK(found == first);
    CHECK(scene.draw(regime) == first);  // and again: no launch depends on who was first
  });
}

/// @brief A size of use, without a reference: all regimes have the same bits, and all numbers are finite.
template <class Format>
void check_bits(ardent::adaln_shape<> const& shape, int tokens, int steps) {
  head_scene<Format> const scene(shape, tokens, steps);
  std::vector<float> first;
  for_each_regime(scene, [&](ardent::cuda::head_regime regime) {
    device_array<unsigned long long> const counter(1, 0);
    std::vector<float> const found = scene.draw(regime, counter.data());
    CHECK(counter.read()[0] == 0);
    if (first.empty()) first = found;
    CHECK(found == first);
  });
}

/// @brief An AR step in a CUDA graph gives the same bits, launch after launch.
template <class Format>
void check_graph(ardent::adaln_shape<> const& shape, int tokens, int steps) {
  head_scene<Format> const scene(shape, tokens, steps);
  for_each_regime(scene, [&](ardent::cuda::head_regime regime) {
    std::vector<float> const direct = scene.draw(regime);
    device_stream const stream;
    typename head_scene<Format>::memory const m(scene, regime, nullptr);
    ardent::cuda::graph const graph(stream.get(), [&](cudaStream_t s) { m.enqueue(s); });
    for (int launch = 0; launch < 3; ++launch) {
      graph.launch(stream.get());
      CHECK(m.samples.read() == direct);
    }
  });
}

/// @brief A NaN in one token's condition: all of its outputs are counted, and no other token is touched. In the first
/// evaluation that is one branch's row, later, when the token itself is NaN, both.
template <class Format>
void check_nonfinite(ardent::adaln_shape<> const& shape, int tokens, int steps, int broken) {
  head_scene<Format> scene(shape, tokens, steps);
  std::vector<std::vector<float>> clean;
  for (auto const& regime : all_regimes)
    clean.push_back(scene.possible(regime.first) ? scene.draw(regime.first) : std::vector<float>{});
  scene.set_condition(static_cast<std::size_t>(broken * shape.condition_width()), std::nanf(""));
  std::size_t which = 0;
  for (auto const& [regime, name] : all_regimes) {
    CAPTURE(name);
    std::vector<float> const& before = clean[which++];
    if (before.empty()) continue;
    device_array<unsigned long long> const counter(1, 0);
    std::vector<float> const found = scene.draw(regime, counter.data());
    auto const outputs = static_cast<unsigned long long>(shape.outputs());
    CHECK(counter.read()[0] == outputs * static_cast<unsigned long long>(2 * scene.steps() - 1));
    int wrong = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      bool const of_broken = static_cast<int>(i) / shape.channels() == broken;
      wrong += of_broken ? !std::isnan(found[i]) : found[i] != before[i];
    }
    CHECK(wrong == 0);
  }
}

/// @brief Guidance of 1 to 8 overflows in no regime and stays within a bound; see tiled_adaln_mlp_16_bits_test.cpp.
/// @param bound  at a scale of 2.5
template <class Format>
void check_guidance(ardent::adaln_shape<> const& shape, int tokens, int steps, double bound) {
  for (double const scale : {1.0, 2.0, 4.0, 8.0}) {
    CAPTURE(scale);
    head_scene<Format> const scene(shape, tokens, steps, scale);
    doubles const expected = scene.expected();
    for_each_regime(scene, [&](ardent::cuda::head_regime regime) {
      device_array<unsigned long long> const counter(1, 0);
      CHECK(largest_difference(scene.draw(regime, counter.data()), expected) < bound / 4 * (2 * scale - 1));
      CHECK(counter.read()[0] == 0);
    });
  }
}

/// @brief A hidden activation above the largest half is counted in every regime, of half precision only; one just below
/// it is not.
template <class Format>
void check_overflow(ardent::adaln_shape<> const& shape, int tokens, int steps) {
  for (float const hidden : {65450.0f, 65600.0f}) {
    CAPTURE(hidden);
    head_scene<Format> const scene(shape, tokens, steps, 8.0, hidden);
    auto const all = static_cast<unsigned long long>(2 * tokens * shape.outputs() * scene.steps());
    for_each_regime(scene, [&](ardent::cuda::head_regime regime) {
      device_array<unsigned long long> const counter(1, 0);
      scene.draw(regime, counter.data());
      CHECK(counter.read()[0] == (std::is_same_v<Format, ardent::format::fp16> && hidden > 65520.0f ? all : 0));
    });
  }
}

/// @brief All of it, in small enough sizes for compute-sanitizer; the rest is in the suite `large`.
template <class Format>
void check_small_heads(double bound) {
  check_head<Format>({5, 10, 20, 2, 7}, 3, 2, bound);  // fills no chunk and no panel
  check_head<Format>({3, 6, 44, 2, 9}, 9, 3, bound);   // two tiles, where a tile has 8 tokens
  check_graph<Format>({3, 6, 44, 2, 9}, 9, 3);
  check_nonfinite<Format>({3, 6, 44, 2, 9}, 9, 3, 4);
}

/// @brief What takes too long for compute-sanitizer.
template <class Format>
void check_large_heads(double bound) {
  check_head<Format>({16, 32, 128, 3, 64}, 30, 6, bound);
  check_bits<Format>({4, 8, 64, 1, 16}, 3000, 2);     // more tiles than blocks
  check_bits<Format>({16, 32, 1024, 6, 768}, 8, 12);  // MAR-B's
  check_guidance<Format>({5, 10, 20, 2, 7}, 3, 2, bound);
  check_overflow<Format>({5, 10, 20, 2, 7}, 3, 2);
}

}  // namespace test
