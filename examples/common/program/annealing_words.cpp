// SPDX-License-Identifier: Apache-2.0
//
// From words to numbers of steps.
#include "annealing_words.hpp"

#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/annealing/two_stage.hpp>

#include <charconv>
#include <cstddef>
#include <string_view>

#include "common/error.hpp"

namespace examples {
namespace {

namespace annealing = ardent::annealing;

constexpr int most_steps = 1000;  // what discrete processes are trained with

std::string in_quotes(std::string_view text) { return "\"" + printable(text, 60) + "\""; }

// The numbers of "50", "50:5" or "50,40,30", and the separator between them (0 for a single number).
struct number_list {
  std::vector<int> numbers;
  char separator = 0;
};

number_list parse_steps(std::string_view text, int least) {
  number_list list;
  char const* place = text.data();
  char const* const end = place + text.size();
  for (;;) {
    int number = 0;
    auto const [stop, error] = std::from_chars(place, end, number);
    if (error != std::errc{} || number < least || number > most_steps) {
      fail("--steps", "numbers from " + std::to_string(least) + " to " + std::to_string(most_steps), in_quotes(text));
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

}  // namespace

std::vector<int> make_steps(std::string const& annealing_name, std::string const& steps, int ar_steps,
                            own_annealing const* own, int least) {
  number_list const list = parse_steps(steps, least);
  std::string name = annealing_name;
  std::string const falling = own != nullptr ? own->name : "linear";
  if (name.empty()) name = list.separator == ':' ? falling : list.separator == ',' ? "table" : "constant";

  if (name == "table") {
    if (list.separator == ':' || list.numbers.size() != static_cast<std::size_t>(ar_steps)) {
      fail("--steps", "K,K,... with a number for each of " + std::to_string(ar_steps) + " AR steps", in_quotes(steps));
    }
    return list.numbers;
  }
  if (name == "constant") {
    if (list.separator != 0) fail("--steps", "one number for constant annealing", in_quotes(steps));
    return steps_of(annealing::constant(list.numbers[0]), ar_steps);
  }
  bool const by_own = own != nullptr && name == own->name;
  if (!by_own && name != "linear" && name != "cosine" && name != "two-stage") {
    std::string const first = own != nullptr ? std::string(own->name) + ", " : std::string();
    fail("--annealing", first + "constant, linear, cosine, two-stage or table", in_quotes(name));
  }
  if (list.separator != ':' || list.numbers.size() != 2 || list.numbers[0] < list.numbers[1]) {
    fail("--steps", "UPPER:LOWER with UPPER >= LOWER for " + name + " annealing", in_quotes(steps));
  }
  int const upper = list.numbers[0], lower = list.numbers[1];
  if (by_own) return own->steps(upper, lower, ar_steps);
  if (name == "linear") return steps_of(annealing::linear(upper, lower), ar_steps);
  if (name == "cosine") return steps_of(annealing::cosine(upper, lower), ar_steps);
  return steps_of(annealing::two_stage(upper, lower), ar_steps);
}

}  // namespace examples
