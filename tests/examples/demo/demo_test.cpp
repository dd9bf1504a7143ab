// SPDX-License-Identifier: Apache-2.0
//
// The program demo.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "../mar/mar_program.hpp"

using bad_input::has;

TEST_CASE("demo: a picture of three rows, and what they cost") {
  test::temporary_folder const folder;
  std::string const file = (folder / "demo.png").string();
  test::outcome const result = mar_program::run("ARDENT_DEMO", {"--images", "2", "--out", file});
  REQUIRE_MESSAGE(result.status == 0, result.errors);
  CHECK(result.errors.empty());
  // 100 of 1000 steps, evenly spread and clipped at 950, are 96: the five that lie above fall together; 49 AR steps
  CHECK(has(result.output, "4704"));
  CHECK(has(result.output, " 14.9 x"));
  CHECK(has(result.output, "50 to 5"));
  CHECK(has(result.output, file));
  CHECK(folder.entries() == 1);
  std::string const png = bad_input::get(file);
  REQUIRE(png.size() > 1000);
  CHECK(png.starts_with("\x89PNG\r\n\x1a\n"));
}

TEST_CASE("demo: bad input is told in one line, before it draws") {
  test::temporary_folder const folder;
  auto const refused = [&](std::vector<std::string> const& arguments, std::vector<std::string> const& parts) {
    test::outcome const result = mar_program::run("ARDENT_DEMO", arguments);
    mar_program::check_refusal(result, parts);
    CHECK(result.output.empty());
  };
  std::string const missing = (folder / "missing/demo.png").string();
  refused({"--out", missing}, {missing});
  refused({"--out", folder.path().string()}, {folder.path().string()});
  refused({"--seed", "one"}, {"--seed", "one"});
  refused({"--threads", "-1"}, {"--threads", "-1"});
  refused({"--fast"}, {"--fast"});
  CHECK(folder.entries() == 0);
}
