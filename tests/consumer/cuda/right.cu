// SPDX-License-Identifier: Apache-2.0
#include "device_tokens.cuh"

std::vector<float> right_tokens(std::uint64_t seed) { return stranger::device_tokens(seed); }
