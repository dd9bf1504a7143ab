// SPDX-License-Identifier: Apache-2.0
//
// Draws the same tokens through both shared objects and both translation units, at once, and compares them bit for bit.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <future>
#include <vector>

#include "libraries.hpp"
#include "tokens.hpp"

namespace {

bool same_bits(std::vector<float> const& a, std::vector<float> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

int main() {
  constexpr std::uint64_t seed = 20;
  std::vector<float> const mine = stranger::tokens(seed, ardent::executor::host(1));
  for (float const value : mine) {
    if (!std::isfinite(value) || value == 0.0f) {
      std::fprintf(stderr, "consumer: expected tokens that are drawn and finite, found %g\n",
                   static_cast<double>(value));
      return 1;
    }
  }
  if (same_bits(mine, stranger::tokens(seed + 1, ardent::executor::host(1)))) {
    std::fprintf(stderr, "consumer: expected other tokens for another seed, found the same\n");
    return 1;
  }

  auto left = std::async(std::launch::async, left_tokens, seed);
  auto right = std::async(std::launch::async, right_tokens, seed);
  auto here = std::async(std::launch::async, here_tokens, seed);
  bool const left_same = same_bits(mine, left.get());
  bool const right_same = same_bits(mine, right.get());
  bool const here_same = same_bits(mine, here.get());
  std::printf("left %s, right %s, here %s\n", left_same ? "same" : "DIFFERS", right_same ? "same" : "DIFFERS",
              here_same ? "same" : "DIFFERS");
  return left_same && right_same && here_same ? 0 : 1;
}
