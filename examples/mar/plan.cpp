// SPDX-License-Identifier: Apache-2.0
//
// From words to policies.
#include "plan.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>

#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/annealing/two_stage.hpp>

#include "common/error.hpp"

namespace examples::mar {
namespace {

namespace solver = ardent::solver;
namespace annealing = ardent::annealing;
using ardent::dynamic;
using ardent::variance;

constexpr int train_timesteps = 1000;  // of the process that MAR is trained with

std::string in_quotes(std::string_view text) { return "\"" + printable(text, 60) + "\""; }

// The numbers of "50", "50:5" or "50,40,30", and the separator between them (0 for a single number).
struct number_list {
  std::vector<int> numbers;
  char separator = 0;
};

number_list parse_steps(std::string_view text) {
  number_list list;
  char const* place = text.data();
  char const* const end = place + text.size();
  for (;;) {
    int number = 0;
    auto const [stop, error] = std::from_chars(place, end, number);
    if (error != std::errc{} || number < 1 || number > train_timesteps) {
      fail("--steps", "numbers from 1 to " + std::to_string(train_timesteps), in_quotes(text));
    }
    list.numbers.push_back(number);
    if (stop == end) return list;
    bool const first = list.separator == 0;
    if ((first && *stop != ':' && *stop != ',') || (!first && *stop != list.separator)) {
      fail("--steps", "K, UPPER:LOWER or K,K,K,...", in_quotes(text));
    }
    list.separator = *stop;
    place = stop + 1;
  }
}

template <class Annealing>
std::vector<int> steps_of(Annealing const& policy, int ar_steps) {
  std::vector<int> steps;
  for (int i = 0; i < ar_steps; ++i) steps.push_back(policy.steps(i, ar_steps));
  return steps;
}

}  // namespace

std::vector<int> make_steps(std::string const& annealing_name, std::string const& text, int ar_steps) {
  number_list const list = parse_steps(text);
  std::string name = annealing_name;
  if (name.empty()) name = list.separator == ':' ? "linear" : list.separator == ',' ? "table" : "constant";

  if (name == "table") {
    if (list.separator == ':' || list.numbers.size() != static_cast<std::size_t>(ar_steps)) {
      fail("--steps", "K,K,... with a number for each of " + std::to_string(ar_steps) + " AR steps", in_quotes(text));
    }
    return steps_of(annealing::table<dynamic>(list.numbers), ar_steps);
  }
  if (name == "constant") {
    if (list.separator != 0) fail("--steps", "one number for constant annealing", in_quotes(text));
    return steps_of(annealing::constant(list.numbers[0]), ar_steps);
  }
  if (name != "linear" && name != "cosine" && name != "two-stage") {
    fail("--annealing", "constant, linear, cosine, two-stage or table", in_quotes(name));
  }
  if (list.separator != ':' || list.numbers.size() != 2 || list.numbers[0] < list.numbers[1]) {
    fail("--steps", "UPPER:LOWER with UPPER >= LOWER for " + name + " annealing", in_quotes(text));
  }
  int const upper = list.numbers[0], lower = list.numbers[1];
  if (name == "linear") return steps_of(annealing::linear(upper, lower), ar_steps);
  if (name == "cosine") return steps_of(annealing::cosine(upper, lower), ar_steps);
  return steps_of(annealing::two_stage(upper, lower), ar_steps);
}

std::variant<learned_ddpm, plain_solver> make_solver(solver_words const& words) {
  bool const ddpm = words.solver == "ddpm", ddim = words.solver == "ddim";
  if (!ddpm && words.temperature != 1.0) fail("--temperature", "--solver ddpm with it", in_quotes(words.solver));
  if (!ddpm && words.variance != "learned") fail("--variance", "--solver ddpm with it", in_quotes(words.solver));
  if (!ddim && words.eta != 0.0) fail("--eta", "--solver ddim with it", in_quotes(words.solver));

  if (ddpm && words.variance == "learned") return learned_ddpm();
  if (ddpm && words.variance == "small") {
    return plain_solver(solver::ddpm<variance::fixed_small>());
  }
  if (ddpm && words.variance == "large") {
    return plain_solver(solver::ddpm<variance::fixed_large>());
  }
  if (ddpm) fail("--variance", "learned, small or large", in_quotes(words.variance));
  if (ddim) return plain_solver(solver::ddim<dynamic>(words.eta));
  if (words.solver == "dpm-solver") return plain_solver(solver::dpm_solver_1{});
  if (words.solver == "dpm-solver++") return plain_solver(solver::dpm_solver_pp_1{});
  fail("--solver", "ddpm, ddim, dpm-solver or dpm-solver++", in_quotes(words.solver));
}

std::optional<chosen_guidance> make_guidance(std::string const& name, double scale) {
  if (name == "none") return std::nullopt;
  if (name == "linear") return chosen_guidance(ardent::guidance::linear<dynamic>(scale));
  if (name == "constant") return chosen_guidance(ardent::guidance::constant<dynamic>(scale));
  fail("--guidance", "none, constant or linear", in_quotes(name));
}

}  // namespace examples::mar
