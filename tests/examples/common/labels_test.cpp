// SPDX-License-Identifier: Apache-2.0
//
// Lists of class labels.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bad_input.hpp"
#include "common/program/labels.hpp"

using examples::parse_labels;

namespace {

std::vector<std::string> const names = {"T-shirt/top", "Bag", "Ankle boot"};

std::string refused(std::string const& text) {
  return bad_input::complaint("--labels", [&] { static_cast<void>(parse_labels("--labels", text, names, 3)); });
}

}  // namespace

TEST_CASE("labels: numbers, names and all") {
  CHECK(parse_labels("--labels", "0", names, 3) == std::vector<int>{0});
  CHECK(parse_labels("--labels", "2,0,2", names, 3) == std::vector<int>{2, 0, 2});
  CHECK(parse_labels("--labels", "bag,ANKLE BOOT,1,T-shirt/top", names, 3) == std::vector<int>{1, 2, 1, 0});
  CHECK(parse_labels("--labels", "all", names, 3) == std::vector<int>{0, 1, 2});
  CHECK(parse_labels("--labels", "all", {}, 5) == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(parse_labels("--labels", "4", {}, 5) == std::vector<int>{4});
}

TEST_CASE("labels: what is none") {
  CHECK(bad_input::has(refused("3"), "from 0 to 2"));
  CHECK(bad_input::has(refused("boot"), "\"boot\""));
  CHECK(bad_input::has(refused("1,"), "\"\""));
  CHECK(bad_input::has(refused(""), "\"\""));
  CHECK(bad_input::has(refused("+1"), "\"+1\""));
  CHECK(bad_input::has(refused("1 "), "\"1 \""));
  CHECK(bad_input::has(refused("0x1"), "\"0x1\""));
  CHECK(bad_input::has(refused("a\nb"), "\"a?b\""));
}
