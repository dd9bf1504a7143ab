// SPDX-License-Identifier: Apache-2.0
//
// The published shares of kept rows, and the words of the command line.
#include "caching.hpp"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "common/error.hpp"

namespace examples::mar {

retention::retention(std::vector<double> shares, int block) : shares_(std::move(shares)), block_(block) {
  if (shares_.empty() || block < 0) throw std::invalid_argument("mar::retention: no shares, or a block below 0");
  for (double const share : shares_)
    if (!(share > 0 && share <= 1)) throw std::invalid_argument("mar::retention: a share outside (0, 1]");
}

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

caches make_caches(std::string const& text, bool guided) {
  caches use;
  if (text == "none") return use;
  auto const refuse = [&] {
    fail("--cache", "none, all, or some of tokens, conditions and head, comma-separated",
         "\"" + printable(text, 60) + "\"");
  };
  if (text == "all") {
    use.tokens = use.conditions = use.head = true;
  } else {
    std::string_view rest = text;
    for (bool more = true; more;) {
      std::size_t const end = std::min(rest.find(','), rest.size());
      std::string_view const word = rest.substr(0, end);
      bool* const one = word == "tokens"       ? &use.tokens
                        : word == "conditions" ? &use.conditions
                        : word == "head"       ? &use.head
                                               : nullptr;
      if (one == nullptr || *one) refuse();
      *one = true;
      more = end < rest.size();
      if (more) rest.remove_prefix(end + 1);
    }
  }
  if (use.conditions && !guided) {
    fail("--cache", "tokens, head or both with --guidance none, where there is no unconditional branch to take over",
         "\"" + printable(text, 60) + "\"");
  }
  return use;
}

}  // namespace examples::mar
