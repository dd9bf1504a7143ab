// SPDX-License-Identifier: Apache-2.0
//
// Annealing by the name of its strategy.
#include "policies.hpp"

#include "common/error.hpp"

#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/two_stage.hpp>

#include <charconv>
#include <system_error>

namespace examples::replay {

namespace {

template <ardent::annealing_policy Annealing>
std::vector<int> listed(Annealing const& annealing, int ar_steps) {
  std::vector<int> steps;
  for (int i = 0; i < ar_steps; ++i) steps.push_back(annealing.steps(i, ar_steps));
  return steps;
}

}  // namespace

std::vector<int> annealed_steps(std::string const& strategy, int upper, int lower, int ar_steps,
                                std::filesystem::path const& file) {
  if (lower < 1 || upper < lower)
    fail(file, "1 <= lower steps <= upper steps", std::to_string(lower) + " and " + std::to_string(upper));
  namespace annealing = ardent::annealing;
  if (strategy == "linear") return listed(annealing::linear{upper, lower}, ar_steps);
  if (strategy == "cosine") return listed(annealing::cosine{upper, lower}, ar_steps);
  if (strategy == "two-stage") return listed(annealing::two_stage{upper, lower}, ar_steps);
  if (strategy == "constant") return listed(annealing::constant{lower}, ar_steps);
  fail(file, "an annealing strategy \"linear\", \"cosine\", \"two-stage\" or \"constant\"",
       "\"" + printable(strategy) + "\"");
}

std::vector<int> respaced_by_sections(std::string const& text, char const* key, std::filesystem::path const& file) {
  const auto refuse = [&] {
    fail(file, std::string(key) + " to be K or K,K,... within " + std::to_string(train_timesteps) + " steps",
         "\"" + printable(text, 60) + "\"");
  };
  std::vector<int> counts;
  char const* place = text.data();
  for (char const* const end = place + text.size();;) {
    int count = 0;
    const auto [stop, error] = std::from_chars(place, end, count);
    if (error != std::errc{} || count < 1 || counts.size() >= train_timesteps) refuse();
    counts.push_back(count);
    if (stop == end) break;
    if (*stop != ',') refuse();
    place = stop + 1;
  }
  std::vector<int> steps;
  int first = 0;
  const int total = static_cast<int>(counts.size());
  for (int s = 0; s < total; ++s) {
    const int size = train_timesteps / total + (s < train_timesteps % total ? 1 : 0);
    const int count = counts[static_cast<std::size_t>(s)];
    if (count > size) refuse();
    std::vector<int> part(static_cast<std::size_t>(count));
    published_respaced{}.timesteps(count, size, part.data());
    for (const int step : part) steps.push_back(first + step);
    first += size;
  }
  return steps;
}

}  // namespace examples::replay
