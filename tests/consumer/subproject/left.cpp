// SPDX-License-Identifier: Apache-2.0
#include "libraries.hpp"
#include "tokens.hpp"

std::vector<float> left_tokens(std::uint64_t seed) { return stranger::tokens(seed, ardent::executor::host(1)); }
