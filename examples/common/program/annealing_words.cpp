// SPDX-License-Identifier: Apache-2.0
//
// From words to numbers of steps.
#include "annealing_words.hpp"

#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/annealing/two_stage.hpp>
#include <ardent/number.hpp>

#include <charconv>
#include <cstddef>
#include <iterator>
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

// What an annealing is asked for.
struct request {
  std::string const& name;   // as it is to be called
  std::string const& words;  // --steps as it was written
  number_list const& list;   // and as it was read
  int ar_steps;
};

std::vector<int> table_steps(request const& r) {
  if (r.list.separator == ':' || r.list.numbers.size() != static_cast<std::size_t>(r.ar_steps)) {
    fail("--steps", "K,K,... with a number for each of " + std::to_string(r.ar_steps) + " AR steps",
         in_quotes(r.words));
  }
  return r.list.numbers;
}

std::vector<int> constant_steps(request const& r) {
  if (r.list.separator != 0) fail("--steps", "one number for constant annealing", in_quotes(r.words));
  return steps_of(annealing::constant(r.list.numbers[0]), r.ar_steps);
}

// Of an annealing from one number of steps down to another; `steps` as own_annealing has it.
std::vector<int> falling_steps(request const& r, std::vector<int> (*steps)(int upper, int lower, int ar_steps)) {
  std::vector<int> const& bounds = r.list.numbers;
  if (r.list.separator != ':' || bounds.size() != 2 || bounds[0] < bounds[1]) {
    fail("--steps", "UPPER:LOWER with UPPER >= LOWER for " + r.name + " annealing", in_quotes(r.words));
  }
  return steps(bounds[0], bounds[1], r.ar_steps);
}

template <template <auto, auto> class Annealing>
std::vector<int> library_steps(request const& r) {
  return falling_steps(r, [](int upper, int lower, int ar_steps) {
    return steps_of(Annealing<ardent::dynamic, ardent::dynamic>(upper, lower), ar_steps);
  });
}

// Every annealing of every system, in the order in which they are offered. A new one is a line.
struct {
  std::string_view name;
  std::vector<int> (*steps)(request const&);
} constexpr known[] = {{"constant", constant_steps},
                       {"linear", library_steps<annealing::linear>},
                       {"cosine", library_steps<annealing::cosine>},
                       {"two-stage", library_steps<annealing::two_stage>},
                       {"table", table_steps}};

// "constant, linear, ... or table".
std::string known_names() {
  std::string names;
  for (auto const& one : known) {
    if (!names.empty()) names += &one == std::end(known) - 1 ? " or " : ", ";
    names += one.name;
  }
  return names;
}

}  // namespace

std::vector<int> make_steps(std::string const& annealing_name, std::string const& steps, int ar_steps,
                            own_annealing const* own, int least) {
  number_list const list = parse_steps(steps, least);
  std::string name = annealing_name;
  std::string const falling = own != nullptr ? own->name : "linear";
  if (name.empty()) name = list.separator == ':' ? falling : list.separator == ',' ? "table" : "constant";

  request const what{name, steps, list, ar_steps};
  if (own != nullptr && name == own->name) return falling_steps(what, own->steps);
  for (auto const& one : known)
    if (name == one.name) return one.steps(what);
  fail("--annealing", (own != nullptr ? std::string(own->name) + ", " : std::string()) + known_names(),
       in_quotes(name));
}

}  // namespace examples
