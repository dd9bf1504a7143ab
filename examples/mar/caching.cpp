// SPDX-License-Identifier: Apache-2.0
//
// The published shares of kept rows.
#include "caching.hpp"

namespace examples::mar {

std::vector<double> retention::published() {
  struct run {
    int steps;
    double share;
  };
  std::vector<double> shares;
  for (run const& part :
       {run{20, 1.0}, run{1, 0.6}, run{4, 0.5}, run{5, 0.4}, run{5, 0.15}, run{5, 0.12}, run{24, 0.05}})
    shares.insert(shares.end(), static_cast<std::size_t>(part.steps), part.share);
  return shares;
}

}  // namespace examples::mar
