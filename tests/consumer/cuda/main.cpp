// SPDX-License-Identifier: Apache-2.0
//
// Draws on the host and, from both shared objects and both translation units, on the GPU: the GPU's tokens must be the
// same bits, and the host's within rounding. Where there is no GPU all four must say so, by the same exception.
#include <ardent/cuda/error.hpp>

#include <cmath>
#include <cstdio>
#include <string>

#include "draws.hpp"

namespace {

/// What one of the four places answered.
struct answer {
  std::vector<float> tokens;
  std::string refusal;
  bool operator==(answer const&) const = default;
};

answer ask(std::vector<float> (*draw)(std::uint64_t), std::uint64_t seed) {
  try {
    return {draw(seed), ""};
  } catch (ardent::cuda::error const& e) {
    return {{}, e.what()};
  }
}

}  // namespace

int main() {
  constexpr std::uint64_t seed = 20;
  std::vector<float> const host = stranger::host_tokens(seed);
  double mean = 0;
  for (float const x : host) mean += static_cast<double>(x) / static_cast<double>(host.size());
  std::printf("host: mean %.3f (true 0.1)\n", mean);
  if (!(std::abs(mean - 0.1) < 0.8) || host == stranger::host_tokens(seed + 1)) return 1;

  answer const here = ask(here_tokens, seed);
  bool const same =
      here == ask(there_tokens, seed) && here == ask(left_tokens, seed) && here == ask(right_tokens, seed);
  if (here.tokens.empty()) {
    std::printf("GPU: %s from all: %s\n", same ? "the same" : "NOT THE SAME", here.refusal.c_str());
    return same && !stranger::has_gpu() ? 0 : 1;
  }
  double largest = 0;
  for (std::size_t i = 0; i < host.size(); ++i)
    largest = std::fmax(largest, std::abs(static_cast<double>(here.tokens[i]) - static_cast<double>(host[i])));
  std::printf("GPU: %s from all, %.1e from the host's\n", same ? "the same bits" : "OTHER BITS", largest);
  return same && largest < 1e-3 ? 0 : 1;
}
