// SPDX-License-Identifier: Apache-2.0
//
// Draws the same tokens in two translation units and compares them bit for bit, and their mean with the true one.
#include <cmath>
#include <cstdio>

#include "draw.hpp"

int main() {
  std::vector<float> const mine = stranger::draw(7, ardent::executor::host(1));
  bool const same = mine == other_tokens(7), another = mine != other_tokens(8);
  double mean = 0;
  for (float const x : mine) mean += static_cast<double>(x) / static_cast<double>(mine.size());
  std::printf("ardent %s: other %s, another seed %s, mean %.3f (true 0.1)\n", ardent::version_string,
              same ? "same" : "DIFFERS", another ? "differs" : "THE SAME", mean);
  return same && another && std::abs(mean - 0.1) < 0.15 ? 0 : 1;
}
