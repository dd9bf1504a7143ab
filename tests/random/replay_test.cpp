// SPDX-License-Identifier: Apache-2.0
//
// Replayed noise is what was recorded, looked up by AR step, denoising step, row and channel.
#include <doctest/doctest.h>

#include <ardent/random/replay.hpp>

#include <cstddef>
#include <vector>

namespace {

// Two AR steps with 3 and 2 rows of 6 channels and 2 denoising steps; each number tells where it stands.
struct recording {
  static constexpr int channels = 6;
  std::vector<std::vector<float>> numbers;
  std::vector<float const*> draws[2];
  ardent::random::recorded_step steps[2];

  recording() {
    int const rows[2] = {3, 2};
    for (int ar_step = 0; ar_step < 2; ++ar_step) {
      for (int draw = -1; draw < 2; ++draw) {
        std::vector<float> table;
        for (int row = 0; row < rows[ar_step]; ++row) {
          for (int c = 0; c < channels; ++c) table.push_back(value(ar_step, draw, row, c));
        }
        numbers.push_back(table);
      }
    }
    for (std::size_t ar_step = 0; ar_step < 2; ++ar_step) {
      draws[ar_step] = {numbers[3 * ar_step + 1].data(), numbers[3 * ar_step + 2].data()};
      steps[ar_step] = {numbers[3 * ar_step].data(), draws[ar_step].data()};
    }
  }
  // draw -1 is the starting noise
  static float value(int ar_step, int draw, int row, int channel) {
    return static_cast<float>(1000 * (ar_step + 1) + 100 * (draw + 1) + 10 * row + channel);
  }
};

}  // namespace

TEST_CASE("random::replay: the recorded numbers") {
  recording const recorded;
  ardent::random::replay const random(recorded.steps, nullptr, 5);
  for (int ar_step = 0; ar_step < 2; ++ar_step) {
    for (int row = 0; row < 3 - ar_step; ++row) {
      for (int draw = -1; draw < 2; ++draw) {
        ardent::noise_key key;
        key.domain = draw < 0 ? ardent::noise_domain::start : ardent::noise_domain::step;
        key.ar_step = ar_step;
        key.step = draw < 0 ? 0 : draw;
        key.row = row;
        key.channels = recording::channels;
        key.image = 99;  // neither image nor position matters
        key.position = 77;
        for (int q = 0; q < 2; ++q) {
          ardent::quad const found = random.normal(key, q);
          for (int i = 0; i < 4; ++i) {
            int const channel = 4 * q + i;
            float const expected = channel < recording::channels ? recording::value(ar_step, draw, row, channel) : 0.0f;
            CHECK(found.value[i] == expected);
          }
        }
      }
    }
  }
}

TEST_CASE("random::replay: the recorded orders") {
  std::vector<int> const ranks = {4, 2, 0, 1, 3, /* image 1 */ 0, 1, 4, 3, 2};
  ardent::random::replay const random(nullptr, ranks.data(), 5);
  for (unsigned image = 0; image < 2; ++image) {
    for (unsigned position = 0; position < 5; ++position) {
      CHECK(random.order_key(image, position) == static_cast<unsigned>(ranks[5 * image + position]));
    }
  }
}

TEST_CASE("random::replay: it is a source of randomness") {
  static_assert(ardent::random_source<ardent::random::replay>);
}
