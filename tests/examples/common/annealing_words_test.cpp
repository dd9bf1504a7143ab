// SPDX-License-Identifier: Apache-2.0
//
// Annealings in a user's words: each name, each form, and what is said of those that do not go together.
#include <doctest/doctest.h>

#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/two_stage.hpp>

#include <string>
#include <vector>

#include "common/error.hpp"
#include "common/program/annealing_words.hpp"

namespace {

namespace annealing = ardent::annealing;
using examples::make_steps;
using examples::steps_of;

std::vector<int> halved(int upper, int lower, int ar_steps) {
  std::vector<int> steps(static_cast<std::size_t>(ar_steps), lower);
  steps[0] = upper;
  return steps;
}
constexpr examples::own_annealing own{"halved", &halved};

std::string refusal(std::string const& name, std::string const& steps, examples::own_annealing const* its = nullptr) {
  try {
    static_cast<void>(make_steps(name, steps, 3, its, 2));
  } catch (examples::input_error const& e) {
    return e.what();
  }
  return "";
}

bool says(std::string const& message, std::string const& part) { return message.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("annealing words: every name, and what the form alone suggests") {
  CHECK(make_steps("constant", "7", 4) == std::vector<int>(4, 7));
  CHECK(make_steps("linear", "50:5", 64) == steps_of(annealing::linear(50, 5), 64));
  CHECK(make_steps("cosine", "50:5", 64) == steps_of(annealing::cosine(50, 5), 64));
  CHECK(make_steps("two-stage", "50:5", 64) == steps_of(annealing::two_stage(50, 5), 64));
  CHECK(make_steps("table", "5,9,4", 3) == std::vector<int>{5, 9, 4});
  CHECK(make_steps("table", "5", 1) == std::vector<int>{5});
  CHECK(make_steps("", "7", 4) == make_steps("constant", "7", 4));
  CHECK(make_steps("", "50:5", 64) == make_steps("linear", "50:5", 64));
  CHECK(make_steps("", "5,9,4", 3) == make_steps("table", "5,9,4", 3));
  CHECK(make_steps("", "9:4", 3, &own) == std::vector<int>{9, 4, 4});
  CHECK(make_steps("halved", "9:4", 3, &own) == std::vector<int>{9, 4, 4});
  CHECK(make_steps("linear", "9:4", 3, &own) == steps_of(annealing::linear(9, 4), 3));
}

TEST_CASE("annealing words: what does not go together is refused, with what would") {
  CHECK(says(refusal("stepwise", "5"), "constant, linear, cosine, two-stage or table"));
  CHECK(says(refusal("stepwise", "5", &own), "halved, constant, linear, cosine, two-stage or table"));
  CHECK(says(refusal("halved", "9:4"), "constant, linear, cosine, two-stage or table"));
  for (std::string const name : {"linear", "cosine", "two-stage"})
    for (std::string const steps : {"5", "5,4", "4:5", "5:4:3"})
      CHECK(says(refusal(name, steps), "UPPER:LOWER with UPPER >= LOWER for " + name + " annealing"));
  CHECK(says(refusal("halved", "4:9", &own), "UPPER:LOWER with UPPER >= LOWER for halved annealing"));
  CHECK(says(refusal("constant", "9:4"), "one number for constant annealing"));
  for (std::string const steps : {"5", "5,4", "5:4", "5,4,3,2"})
    CHECK(says(refusal("table", steps), "K,K,... with a number for each of 3 AR steps"));
  for (std::string const steps : {"1", "9:1", "1001", "", "five"})
    CHECK(says(refusal("", steps), "numbers from 2 to 1000"));
  CHECK(says(refusal("", "5-4"), "K, UPPER:LOWER or K,K,K,..."));
}
