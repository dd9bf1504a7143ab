// SPDX-License-Identifier: Apache-2.0
//
// The ladder of examples, 01 to 05: each prints something whose true value is known.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "common/bad_input.hpp"
#include "mar/mar_program.hpp"

namespace {

using bad_input::has;

// What a program prints; it has to succeed.
std::string output_of(char const* variable, std::vector<std::string> arguments = {}) {
  test::outcome const result = mar_program::run(variable, std::move(arguments));
  REQUIRE_MESSAGE(result.status == 0, result.errors);
  CHECK(result.errors.empty());
  return result.output;
}

// The first line that begins so.
std::string line_of(std::string const& output, std::string const& beginning) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(beginning)) return line;
  FAIL("expected a line that begins with \"" << beginning << "\", found none in\n" << output);
  return {};
}

// All numbers of a line after its beginning; what is within a word counts too.
std::vector<double> numbers_of(std::string const& output, std::string const& beginning) {
  std::string const line = line_of(output, beginning);
  std::vector<double> numbers;
  for (std::size_t i = beginning.size(); i < line.size();) {
    std::size_t length = 0;
    try {
      numbers.push_back(std::stod(line.substr(i), &length));
    } catch (std::invalid_argument const&) {
      length = 1;
    }
    i += length;
  }
  return numbers;
}

void check_png(std::string const& file) {
  std::string const png = bad_input::get(file);
  CHECK(png.size() > 1000);
  CHECK(png.starts_with("\x89PNG\r\n\x1a\n"));
}

}  // namespace

TEST_CASE("01_hello: the moments") {
  double mean = 0, variance = 0;
  int evaluations = 0;
  std::string const output = output_of("ARDENT_HELLO");
  REQUIRE(std::sscanf(output.c_str(), "%d evaluations, mean %lf (true 0.1), variance %lf (true 2.092)", &evaluations,
                      &mean, &variance) == 3);
  CHECK(evaluations == 427);
  // 64,000 tokens scatter by 0.006 and 0.007; the few steps of late tokens make them narrower by a tenth at most
  CHECK(std::abs(mean - 0.1) < 0.03);
  CHECK(variance > 0.9 * 2.092);
  CHECK(variance < 2.092 + 0.03);
}

TEST_CASE("02_trajectories: moments by six solvers, and a picture") {
  test::temporary_folder const folder;
  std::string const file = (folder / "ways.png").string();
  std::string const output = output_of("ARDENT_TRAJECTORIES", {file});
  // 0.5 -1.2 + 0.3 1.1 + 0.2 0.2 and so on, by a calculator
  std::vector<double> const exact = {-0.23, -0.33, 1.048, 0.814};
  std::vector<double> const printed = numbers_of(output, "true");
  REQUIRE(printed.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(printed[i] - exact[i]) < 0.001);
  for (char const* solver : {"ddpm ", "ddim ", "dpm_solver_pp<2> ", "unipc_2 ", "flow_euler ", "flow_heun "}) {
    CAPTURE(solver);
    std::vector<double> const drawn = numbers_of(output, solver);
    REQUIRE(drawn.size() == 5);
    // ten evaluations; 4000 tokens scatter by 0.02
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(drawn[i] - exact[i]) < 0.1);
    CHECK(drawn[4] <= 10);
  }
  check_png(file);
  CHECK(folder.entries() == 1);
}

TEST_CASE("03_own_policies: steps, positions, coins and the solver's order") {
  std::string const output = output_of("ARDENT_OWN_POLICIES");
  // 5 + floor(45 sqrt((15 - s) / 15)), by a calculator
  CHECK(has(output, "denoising steps: 50 48 46 45 43 41 39 37 35 33 30 28 25 21 16 5\n"));
  CHECK(has(output, "positions: 0 2 4 6 9 11 13 15 ...\n"));
  std::vector<double> const coins = numbers_of(output, "coins: ");
  REQUIRE(coins.size() == 6);  // share, +1, true share, -1, +1, distance
  CHECK(std::abs(coins[0] - 0.7) < 0.03);
  CHECK(coins[5] < 1e-3);
  double own[2], ddim[2];
  REQUIRE(std::sscanf(line_of(output, "distance").c_str(),
                      "distance from the ODE's tokens, 40 and 80 steps: own solver %lf %lf, ddim %lf %lf", &own[0],
                      &own[1], &ddim[0], &ddim[1]) == 4);
  CHECK(own[0] / own[1] > 3.2);    // order 2: 4
  CHECK(ddim[0] / ddim[1] < 2.5);  // order 1: 2
  CHECK(own[1] < ddim[1] / 5);
}

TEST_CASE("04_own_network: the Markov chain's shares") {
  std::string const output = output_of("ARDENT_OWN_NETWORK");
  for (char const* row : {"after code 0:", "after code 1:", "after code 2:", "first token:"}) {
    CAPTURE(row);
    std::vector<double> const shares = numbers_of(output, row);
    REQUIRE(shares.size() == 6);  // drawn and true, in turn
    for (std::size_t i = 0; i < 6; i += 2) CHECK(std::abs(shares[i] - shares[i + 1]) < 0.03);
  }
  std::vector<double> const deviation = numbers_of(output, "standard deviation about a code: ");
  REQUIRE(deviation.size() == 2);
  CHECK(std::abs(deviation[0] - 0.1) < 0.01);
}

TEST_CASE("04_own_network on a GPU: the host's tokens, or one line that says why not") {
  if (std::getenv("ARDENT_OWN_NETWORK_ON_GPU") == nullptr) return;  // built without CUDA
  test::outcome const result = mar_program::run("ARDENT_OWN_NETWORK_ON_GPU", {});
  CAPTURE(result.output + result.errors);
  if (result.status == 0) {
    CHECK(has(result.output, "farthest from the host's: "));
  } else {
    CHECK(result.status == 1);
    CHECK(result.output.empty());
    CHECK(result.errors.starts_with("error: ardent::cuda: cudaMalloc failed with "));
  }
}

TEST_CASE("05_annealing: late tokens are easier, and annealing beats as many steps spread evenly") {
  test::temporary_folder const folder;
  std::string const file = (folder / "annealing.png").string();
  std::string const output = output_of("ARDENT_ANNEALING", {file});
  std::vector<double> const left = numbers_of(output, "deviation left:");
  REQUIRE(left.size() == 8);
  for (std::size_t i = 1; i < left.size(); ++i) CHECK(left[i] < left[i - 1]);
  // the last token has both neighbours, unless it is the first or last of the sequence
  double const both = std::sqrt((1 - 0.81) / (1 + 0.81)), one = std::sqrt(1 - 0.81);
  CHECK(std::abs(left.back() - (62 * both + 2 * one) / 64) < 0.003);

  std::string const table = output.substr(output.find("evaluations"));
  auto const row = [&](char const* name) {
    std::vector<double> numbers = numbers_of(table, name);
    REQUIRE(numbers.size() == 3);
    return numbers;
  };
  std::vector<double> const full = row("constant<50>"), even = row("constant<27>"), linear = row("linear<50, 5>");
  CHECK(full[0] == 3200);
  CHECK(even[0] == 1728);
  CHECK(linear[0] == 1733);
  for (auto const& numbers : {full, even, linear}) {
    CHECK(std::abs(numbers[1] - 1) < 0.2);
    CHECK(std::abs(numbers[2] - 0.9) < 0.2);
  }
  CHECK(1 - linear[1] < 1 - even[1]);
  CHECK(0.9 - linear[2] < 0.9 - even[2]);
  check_png(file);
}
