// SPDX-License-Identifier: Apache-2.0
//
// A sequence with a token cache: fresh steps are what condition() computes, other ones keep and leave out the rows that
// they say, and what is used wrongly is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "generate/counted_new.hpp"
#include "mar/cached_sequence.hpp"
#include "mar/caching.hpp"
#include "mar/checkpoint.hpp"
#include "tiny_backbone.hpp"

namespace {

namespace mar = examples::mar;
using mar::matrix_format;

constexpr int rows = 12, width = 16;  // of the tiny decoder: 3 of the buffer and 9 tokens

// A picture in progress, of which a step draws the last `count` tokens of the order.
struct step_of {
  tiny_mar::image const& picture;
  std::vector<int> positions;
  mar::sequence_step step;

  step_of(tiny_mar::image const& of, int label, int count, bool fresh, int ar_step = 0)
      : picture(of), positions(of.choose(count)) {
    step.label = label;
    step.tokens = picture.tokens.data();
    step.known = picture.known.data();
    step.positions = positions.data();
    step.count = count;
    step.fresh = fresh;
    step.ar_step = ar_step;
  }
};

}  // namespace

TEST_CASE("mar cached sequence: a fresh step is what condition() computes, up to rounding") {
  for (int const depth : {1, 2, 5}) {
    tiny_mar::network const tiny(depth);
    mar::backbone const network = tiny.load();
    for (matrix_format const format : {matrix_format::float32, matrix_format::bfloat16}) {
      mar::backbone::scratch work(network, format);
      mar::backbone::cached_sequence state(network, format);
      for (int const label : {3, -1}) {
        for (int const known : {0, 1, 5, 8}) {
          CAPTURE(known);
          tiny_mar::image const picture(tiny, known, 7);
          step_of const one(picture, label, 9 - known, true);
          std::vector<float> decoded(rows * width), z(one.positions.size() * width), expected(z.size());
          network.advance(one.step, mar::retention(), decoded.data(), work, state);
          network.finish(decoded.data(), one.positions.data(), one.step.count, z.data(), work);
          network.condition(label, one.step.tokens, one.step.known, one.positions.data(), one.step.count,
                            expected.data(), work);
          double largest = 0;
          for (std::size_t i = 0; i < z.size(); ++i)
            largest = std::max(largest, std::abs(double{z[i]} - double{expected[i]}));
          CHECK(largest < (format == matrix_format::float32 ? 2e-5 : 0.1));
          CHECK(state.kept() == std::vector<std::uint8_t>(rows, 1));
        }
      }
    }
  }
}

TEST_CASE("mar cached sequence: with no token drawn before, a step that leaves nothing out is the last one again") {
  tiny_mar::network const tiny(5);
  mar::backbone const network = tiny.load();
  mar::backbone::scratch work(network);
  mar::backbone::cached_sequence state(network);
  tiny_mar::image const picture(tiny, 4, 2);
  std::vector<float> first(rows * width), again(rows * width);
  network.advance(step_of(picture, 1, 2, true).step, mar::retention(), first.data(), work, state);
  network.advance(step_of(picture, 1, 2, false).step, mar::retention(), again.data(), work, state);
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(again[i] == doctest::Approx(first[i]).epsilon(1e-4));
  for (float const score : state.scores()) CHECK((score == 0 || std::abs(score - 1) < 1e-5));
}

TEST_CASE("mar cached sequence: rows leave where the policy says, but those drawn now and a step ago stay") {
  mar::checkpoint const shipped(mar::model_files::shipped());
  mar::backbone const& network = shipped.network();
  mar::config const& sizes = network.sizes();
  REQUIRE(sizes.decoder_depth == 3);
  int const all = sizes.buffer_size + sizes.seq_len(), drawn = 4;
  auto const wide = static_cast<std::size_t>(sizes.decoder_embed_dim);
  mar::backbone::scratch work(network);
  std::vector<float> tokens(static_cast<std::size_t>(sizes.seq_len() * sizes.token_channels()));
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = std::sin(static_cast<float>(i));
  std::vector<std::uint8_t> known(static_cast<std::size_t>(sizes.seq_len()));
  std::vector<float> earlier;
  for (int const block : {0, 1, 2, 3}) {  // the last is cut to the decoder's last block
    mar::retention const keep({1.0, 0.01}, block);
    mar::backbone::cached_sequence state(network);
    std::vector<float> decoded(static_cast<std::size_t>(all) * wide);
    std::vector<int> const first{1, 7, 20, 40}, second{2, 8, 21, 41};
    std::fill(known.begin(), known.end(), std::uint8_t{0});
    network.advance({0, tokens.data(), known.data(), first.data(), drawn, true, 0}, keep, decoded.data(), work, state);
    for (int const i : first) known[static_cast<std::size_t>(i)] = 1;
    network.advance({0, tokens.data(), known.data(), second.data(), drawn, false, 1}, keep, decoded.data(), work,
                    state);
    int kept = 0;
    for (std::size_t r = 0; r < static_cast<std::size_t>(all); ++r) {
      float const* const row = decoded.data() + r * wide;
      CHECK(std::any_of(row, row + wide, [](float x) { return x != 0; }) == (state.kept()[r] != 0));
      kept += state.kept()[r];
    }
    CHECK(kept == 2 * drawn + mar::retention::margin);
    for (std::vector<int> const& positions : {first, second})
      for (int const i : positions) {
        CHECK(state.kept()[static_cast<std::size_t>(sizes.buffer_size + i)] == 1);
        CHECK(state.scores()[static_cast<std::size_t>(sizes.buffer_size + i)] == 0);
      }
    CHECK((decoded == earlier) == (block == 3));
    earlier = decoded;
  }
}

TEST_CASE("mar retention: how many rows are kept, and the pruning block of shallow decoders") {
  mar::retention const published;
  CHECK(published.shares().size() == 64);
  CHECK(published.rows(0, 320, 10) == 320);
  CHECK(published.rows(20, 320, 10) == 192);  // 0.6
  CHECK(published.rows(63, 320, 10) == 25);   // 0.05 of them are 16, fewer than 10 and the margin of 15
  CHECK(published.rows(200, 320, 0) == 16);   // beyond the table
  CHECK(published.rows(63, 20, 10) == 20);    // no more than there are
  CHECK(published.block(12) == 3);
  CHECK(published.block(4) == 3);
  CHECK(published.block(3) == 2);
  CHECK(published.block(1) == 0);
  CHECK(mar::retention({0.5}, 1).block(12) == 1);
  for (double const share : {0.0, -1.0, 1.5, std::nan("")})
    CHECK_THROWS_AS(mar::retention({1.0, share}), std::invalid_argument);
  CHECK_THROWS_AS(mar::retention(std::vector<double>{}), std::invalid_argument);
  CHECK_THROWS_AS(mar::retention({1.0}, -1), std::invalid_argument);
}

TEST_CASE("mar cached sequence: what is used wrongly is refused") {
  tiny_mar::network const tiny(2);
  mar::backbone const network = tiny.load(), twin = tiny.load();
  mar::backbone::scratch work(network);
  mar::backbone::cached_sequence state(network), of_twin(twin), of_other_format(network, matrix_format::bfloat16);
  tiny_mar::image const early(tiny, 2, 3), late(tiny, 5, 3);
  std::vector<float> decoded(rows * width);
  auto const advance = [&](mar::sequence_step const& step, mar::backbone::cached_sequence& of) {
    network.advance(step, mar::retention(), decoded.data(), work, of);
  };
  CHECK_THROWS_AS(advance(step_of(early, 0, 1, false).step, state), std::invalid_argument);  // nothing to start from
  CHECK_THROWS_AS(advance(step_of(early, 5, 1, true).step, state), std::invalid_argument);
  CHECK_THROWS_AS(advance(step_of(early, 0, 1, true).step, of_twin), std::invalid_argument);
  CHECK_THROWS_AS(advance(step_of(early, 0, 1, true).step, of_other_format), std::invalid_argument);
  CHECK_THROWS_AS(advance(step_of(early, 0, 8, true).step, state), std::invalid_argument);  // one of them is known
  advance(step_of(late, 0, 1, true).step, state);
  CHECK_THROWS_AS(advance(step_of(early, 0, 1, false).step, state), std::invalid_argument);  // tokens are gone
}

TEST_CASE("mar cached sequence: steps are computed without an allocation") {
  tiny_mar::network const tiny(5);
  mar::backbone const network = tiny.load();
  mar::backbone::scratch work(network);
  mar::backbone::cached_sequence state(network);
  tiny_mar::image const before(tiny, 3, 5), after(tiny, 5, 5);
  step_of const first(before, 2, 2, true), second(after, 2, 2, false, 40);
  mar::retention const keep;
  std::vector<float> decoded(rows * width);
  long const allocated = test::allocations();
  network.advance(first.step, keep, decoded.data(), work, state);
  network.advance(second.step, keep, decoded.data(), work, state);
  CHECK(test::allocations() == allocated);
}
