// SPDX-License-Identifier: Apache-2.0
#include "device_tokens.cuh"

std::vector<float> left_tokens(std::uint64_t seed) { return stranger::device_tokens(seed); }
