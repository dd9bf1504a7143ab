// SPDX-License-Identifier: Apache-2.0
#include "libraries.hpp"
#include "tokens.hpp"

#ifdef _OPENMP
#  include <ardent/executor/openmp.hpp>
using two_threads = ardent::executor::openmp;
#else
using two_threads = ardent::executor::host;
#endif

std::vector<float> right_tokens(std::uint64_t seed) { return stranger::tokens(seed, two_threads(2)); }
