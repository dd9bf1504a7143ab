// SPDX-License-Identifier: Apache-2.0
//
// The program mar with LazyMAR's caches: off is off, an image is the same in any batch and on any number of threads,
// and what cannot work is refused. That the caches compute what they should is for tests of replay to say.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "mar_program.hpp"

using mar_program::check_refused;
using mar_program::draw;

namespace {

// With DiSA; AR steps 6 to 8 are not fresh.
std::vector<float> tokens(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--labels", "trouser,9,bag", "--ar-steps", "9", "--steps", "9:4", "--seed", "5"});
  return draw(arguments).floats("tokens");
}

double mean_difference(std::vector<float> const& a, std::vector<float> const& b) {
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(double{a[i]} - double{b[i]});
  return sum / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("mar --cache none is what it does without being told") {
  auto const silent = tokens({});
  CHECK(tokens({"--cache", "none"}) == silent);
  CHECK(tokens({"--cache", "all"}) != silent);
}

TEST_CASE("mar --cache: each changes the tokens, and alone they are not what they are together") {
  auto const without = tokens({}),
             other_seed = draw({"--labels", "trouser,9,bag", "--ar-steps", "9", "--steps", "9:4", "--seed", "6"})
                              .floats("tokens");
  double const unrelated = mean_difference(other_seed, without);
  std::vector<std::vector<float>> all;
  for (char const* cache :
       {"tokens", "conditions", "head", "tokens,conditions", "tokens,head", "conditions,head", "all"}) {
    CAPTURE(cache);
    all.push_back(tokens({"--cache", cache}));
    double const change = mean_difference(all.back(), without);
    CHECK(change > 1e-4);
    // what the head's blocks take over is far off where denoising steps are few: nothing to hold it to
    if (std::string(cache).find("head") == std::string::npos && std::string(cache) != "all")
      CHECK(change < unrelated / 2);
    CHECK(std::find(all.begin(), all.end() - 1, all.back()) == all.end() - 1);
  }
  CHECK(tokens({"--cache", "head,conditions,tokens"}) == all.back());
}

TEST_CASE("mar --cache: an image is the same whatever the threads, the batch and the other images") {
  for (std::vector<std::string> const& how : std::vector<std::vector<std::string>>{
           {"--cache", "all"},
           {"--cache", "tokens,head", "--guidance", "none"},
           {"--cache", "all", "--head", "bf16", "--backbone", "bf16"},
           {"--cache", "all", "--head", "int8"},
           {"--cache", "all", "--solver", "ddim"},
       }) {
    CAPTURE(how.back());
    auto const with = [&](std::vector<std::string> more) {
      more.insert(more.end(), how.begin(), how.end());
      return tokens(more);
    };
    auto const once = with({"--threads", "1", "--batch", "1"});
    CHECK(with({"--threads", "3", "--batch", "1"}) == once);
    CHECK(with({"--threads", "2", "--batch", "16"}) == once);
    CHECK(with({"--threads", "1", "--batch", "2"}) == once);
  }
}

TEST_CASE("mar --cache: what cannot work") {
  char const* const words =
      "--cache: expected none, all, or some of tokens, conditions and head, comma-separated, found ";
  for (std::string const word : {"", "both", "tokens,", "tokens,tokens", "tokens,none", "all,head", "Tokens"})
    check_refused({"--cache", word}, {words + ("\"" + word + "\"")});
  for (char const* word : {"conditions", "all", "head,conditions"})
    check_refused({"--cache", word, "--guidance", "none"}, {"--cache: expected ", "--guidance none", word});
  check_refused({"--cache", "head", "--device", "cuda"}, {"--cache: expected none with --device cuda, found \"head\""});
}
