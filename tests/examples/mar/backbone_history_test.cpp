// SPDX-License-Identifier: Apache-2.0
//
// What a sequence keeps from one AR step to the next changes no bit of any result, whatever it was kept from; and
// conditions are computed without an allocation.
#include <doctest/doctest.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "generate/counted_new.hpp"
#include "tiny_backbone.hpp"

namespace {

namespace mar = examples::mar;
using mar::matrix_format;

// Conditions of the last tokens of a picture, one at least.
std::vector<float> conditions(mar::backbone const& network, int label, tiny_mar::image const& picture, int count,
                              mar::backbone::scratch& work, mar::backbone::history* kept) {
  std::vector<int> const positions = picture.choose(count);
  std::vector<float> z(positions.size() * static_cast<std::size_t>(network.condition_width()));
  network.condition(label, picture.tokens.data(), picture.known.data(), positions.data(), count, z.data(), work, kept);
  return z;
}

bool same_bits(std::vector<float> const& a, std::vector<float> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("mar backbone: rows kept from earlier AR steps change no bit") {
  tiny_mar::network const tiny(2);
  mar::backbone const network = tiny.load();
  for (matrix_format const format : {matrix_format::float32, matrix_format::bfloat16}) {
    mar::backbone::scratch work(network, format);
    mar::backbone::history kept(network, format);
    // images in progress, step by step, forth and back: other tokens, other labels, fewer known than before
    for (unsigned const seed : {1u, 2u, 1u}) {
      for (int const label : {3, -1, 0}) {
        for (int const known : {0, 1, 4, 8, 2, 5}) {
          tiny_mar::image const picture(tiny, known, seed);
          CHECK(same_bits(conditions(network, label, picture, 1, work, &kept),
                          conditions(network, label, picture, 1, work, nullptr)));
        }
      }
    }
  }
}

TEST_CASE("mar backbone: a kept row is not used for a token that differs in one bit") {
  tiny_mar::network const tiny(2);
  mar::backbone const network = tiny.load();
  mar::backbone::scratch work(network);
  mar::backbone::history kept(network);
  tiny_mar::image picture(tiny, 5, 3);
  std::vector<float> const before = conditions(network, 2, picture, 2, work, &kept);
  auto const last = static_cast<std::size_t>(picture.order[4]) * 12 + 11;  // of the last known token
  picture.tokens[last] *= 1.5f;
  std::vector<float> const after = conditions(network, 2, picture, 2, work, &kept);
  CHECK_FALSE(same_bits(after, before));
  CHECK(same_bits(after, conditions(network, 2, picture, 2, work, nullptr)));
}

TEST_CASE("mar backbone: a history is of one backbone and format") {
  tiny_mar::network const tiny(2);
  mar::backbone const network = tiny.load(), twin = tiny.load();
  mar::backbone::scratch work(network);
  tiny_mar::image const picture(tiny, 5, 3);
  mar::backbone::history of_twin(twin), of_other_format(network, matrix_format::bfloat16);
  CHECK_THROWS_AS(conditions(network, 2, picture, 2, work, &of_twin), std::invalid_argument);
  CHECK_THROWS_AS(conditions(network, 2, picture, 2, work, &of_other_format), std::invalid_argument);
}

TEST_CASE("mar backbone: conditions are computed without an allocation") {
  tiny_mar::network const tiny(2);
  mar::backbone const network = tiny.load();
  for (matrix_format const format : {matrix_format::float32, matrix_format::bfloat16}) {
    mar::backbone::scratch work(network, format);
    mar::backbone::history kept(network, format);
    tiny_mar::image const picture(tiny, 5, 3);
    std::vector<int> const positions = picture.choose(3);
    std::vector<float> z(3 * 16);
    long const before = test::allocations();
    for (mar::backbone::history* const history : {static_cast<mar::backbone::history*>(nullptr), &kept}) {
      for (int const label : {1, -1}) {
        network.condition(label, picture.tokens.data(), picture.known.data(), positions.data(), 3, z.data(), work,
                          history);
      }
    }
    CHECK(test::allocations() == before);
  }
}
