// SPDX-License-Identifier: Apache-2.0
//
// The program mar with options that are wrong by themselves or do not go with the model.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "mar_program.hpp"

using mar_program::check_refused;

namespace {

// One wrong option: the message names it and both sides.
void check_option(std::string const& name, std::string const& value, std::vector<std::string> parts = {}) {
  CAPTURE(name);
  CAPTURE(value);
  parts.insert(parts.end(), {name + ": expected ", ", found ", value.substr(0, 40)});
  check_refused({name, value}, parts);
}

}  // namespace

TEST_CASE("mar: labels out of range, or no labels") {
  check_option("--labels", "10", {"0 to 9"});
  check_option("--labels", "-1", {"0 to 9"});
  check_option("--labels", "99999999999999999999", {"0 to 9"});
  check_option("--labels", "hat", {"T-shirt/top"});
  check_option("--labels", "");
  check_refused({"--labels", "1,,2"}, {"--labels"});
  check_refused({"--labels", "1,2x"}, {"--labels", "\"2x\""});
  check_refused({"--labels", "1,all"}, {"--labels", "\"all\""});
}

TEST_CASE("mar: more AR steps than tokens") {
  check_option("--ar-steps", "50", {"1 to 49", "fashion_mar.json"});
  check_option("--ar-steps", "0");
  check_option("--ar-steps", "-3");
  check_option("--ar-steps", "12.5");
}

TEST_CASE("mar: numbers of denoising steps that cannot be") {
  for (char const* steps : {"0", "1001", "5:50", "50:0", "50:", ":5", "abc", "50;5", "50:20:5", "-4", "4,3", "4,3:2"}) {
    check_option("--steps", steps);
  }
  check_refused({"--steps", "4,3", "--ar-steps", "3"}, {"--steps", "3 AR steps", "4,3"});
  check_refused({"--steps", "50:5", "--annealing", "constant"}, {"--steps", "constant", "50:5"});
  check_refused({"--steps", "50", "--annealing", "cosine"}, {"--steps", "cosine", "50"});
  check_refused({"--steps", "50:5", "--annealing", "table"}, {"--steps", "50:5"});
  check_option("--annealing", "quadratic", {"two-stage"});
}

TEST_CASE("mar: other words and numbers that are none") {
  check_option("--solver", "euler", {"dpm-solver++"});
  check_option("--variance", "none", {"learned"});
  check_option("--guidance", "cosine", {"linear"});
  check_option("--head", "float16", {"bf16", "int8"});
  check_option("--guidance-scale", "nan");
  check_option("--guidance-scale", "-1");
  check_option("--temperature", "hot");
  check_option("--seed", "-1");
  check_option("--seed", "18446744073709551616");
  check_option("--threads", "1025");
  check_option("--batch", "0");
  check_option("--clip", "-1");
  check_option("--clip", "1000");
  check_option("--images", "0");
  check_option("--images", "2000000");
  check_refused({"--solver", "ddim", "--eta", "1.5"}, {"--eta", "1.5"});
  check_refused({"--eta", "0.5"}, {"--eta", "ddim"});
  check_refused({"--solver", "ddim", "--temperature", "0.9"}, {"--temperature", "ddpm"});
  check_refused({"--images", "900000"}, {"--images", "--dump"});  // too large a picture
}

TEST_CASE("mar: options that there are not") {
  check_refused({"--label", "3"}, {"--label"});
  check_refused({"-x"}, {"-x"});
  check_refused({"model.safetensors"}, {"model.safetensors"});
  check_refused({"--quiet", "--quiet", "--seed"}, {"--seed"});
  check_refused({"--seed", "1", "--seed", "2"}, {"--seed"});
}

TEST_CASE("mar: help is no error") {
  test::outcome const result = mar_program::run("ARDENT_MAR", {"--help"});
  CHECK(result.status == 0);
  CHECK(result.errors.empty());
  for (char const* option : {"--weights", "--labels", "--ar-steps", "--dump", "--guidance-scale"}) {
    CHECK(result.output.find(option) != std::string::npos);
  }
}
