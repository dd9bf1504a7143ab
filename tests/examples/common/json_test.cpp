// SPDX-License-Identifier: Apache-2.0
//
// JSON files: exact round trips, and a message for everything that is wrong.
#include "common/files/json.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "bad_input.hpp"
#include "support/environment.hpp"

using bad_input::has;
using nlohmann::json;

TEST_CASE("json: numbers come back to the last bit") {
  test::temporary_folder const folder;
  json const value{{"third", 1.0 / 3.0},
                   {"tiny", std::numeric_limits<double>::denorm_min()},
                   {"huge", std::numeric_limits<double>::max()},
                   {"single", static_cast<double>(0.1f)},
                   {"large", std::numeric_limits<std::int64_t>::min()},
                   {"text", "\xc3\xa9\n\"\x01"},
                   {"list", {1, nullptr, true, json::object(), json::array()}}};
  examples::write_json(folder / "x.json", value);
  CHECK(examples::read_json(folder / "x.json") == value);
  CHECK(bad_input::get(folder / "x.json").ends_with("}\n"));
  CHECK(folder.entries() == 1);
}

TEST_CASE("json: what is not strict JSON is refused with its place") {
  test::temporary_folder const folder;
  struct bad {
    std::string_view text, part;
  };
  for (bad const& b : std::vector<bad>{{"", "line 1, column 1"},
                                       {"{\"a\": 1,\n \"b\": }", "line 2, column 7"},
                                       {"{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}", "\"c\" twice"},
                                       {"{\"a\": NaN}", "line 1, column 7"},
                                       {"{\"a\": 1e999}", "number overflow"},
                                       {"[1, 2] // done", "line 1, column 8"},
                                       {"{\"a\": 1} x", "line 1, column 10"},
                                       {"\"\xff\"", "invalid string"},
                                       {"\"a\nb\"", "control character"}}) {
    CAPTURE(b.text);
    bad_input::put(folder / "x.json", b.text);
    std::string const message =
        bad_input::complaint(folder / "x.json", [&] { static_cast<void>(examples::read_json(folder / "x.json")); });
    CAPTURE(message);
    CHECK(has(message, b.part));
    CHECK_FALSE(has(message, "json.exception"));
  }
  // The same name in two objects is no mistake.
  bad_input::put(folder / "x.json", R"([{"a": 1}, {"a": {"a": 2}}])");
  CHECK(examples::read_json(folder / "x.json")[1]["a"]["a"] == 2);
  for (std::string_view const name : {"missing", "."}) {
    bad_input::complaint(folder / name, [&] { static_cast<void>(examples::read_json(folder / name)); });
  }
}

TEST_CASE("json: every proper part of a document is refused") {
  test::temporary_folder const folder;
  std::string const good = R"({"a": [1, -2.5e3, "x\u00e9"], "b": {"c": null}})";
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    bad_input::complaint("f", [&] { static_cast<void>(examples::parse_json(good.substr(0, size), "f")); });
  }
  std::string const open(500'000, '[');
  CHECK(has(bad_input::complaint("f", [&] { static_cast<void>(examples::parse_json(open, "f")); }), "256 deep"));
  std::string const deep = open.substr(0, 256) + std::string(256, ']');
  CHECK(examples::parse_json(deep, "f").is_array());
}

TEST_CASE("json: members of the wrong kind or range") {
  json const object{{"i", 7},
                    {"minus", -7},
                    {"whole", 8.0},
                    {"half", 0.5},
                    {"huge", 1e300},
                    {"over", 1.8e19},
                    {"text", "7"},
                    {"flag", true},
                    {"none", nullptr},
                    {"list", {1}},
                    {"u", std::numeric_limits<std::uint64_t>::max()}};
  CHECK(examples::integer_member(object, "i", 0, 7, "f") == 7);
  CHECK(examples::integer_member(object, "minus", -7, 7, "f") == -7);
  CHECK(examples::integer_member(object, "whole", 0, 9, "f") == 8);
  CHECK(examples::number_member(object, "half", "f") == 0.5);
  CHECK(examples::number_member(object, "i", "f") == 7.0);
  CHECK(examples::boolean_member(object, "flag", "f"));
  CHECK(examples::string_member(object, "text", "f") == "7");
  auto const says = [](std::string_view part, auto&& f) {
    std::string const message = bad_input::complaint("f", f);
    CAPTURE(message);
    CHECK(has(message, part));
  };
  says("\"i\" to be an integer from 8 to 9, found 7",
       [&] { static_cast<void>(examples::integer_member(object, "i", 8, 9, "f")); });
  for (std::string const key : {"minus", "half", "huge", "over", "text", "flag", "none", "list", "u"}) {
    says("\"" + key + "\" to be an integer",
         [&] { static_cast<void>(examples::integer_member(object, key, 0, 9, "f")); });
  }
  says("found an array", [&] { static_cast<void>(examples::integer_member(object, "list", 0, 9, "f")); });
  says("\"text\" to be a number", [&] { static_cast<void>(examples::number_member(object, "text", "f")); });
  says("\"i\" to be true or false", [&] { static_cast<void>(examples::boolean_member(object, "i", "f")); });
  says("\"i\" to be a string", [&] { static_cast<void>(examples::string_member(object, "i", "f")); });
  says("\"absent\", found no such name", [&] { static_cast<void>(examples::member(object, "absent", "f")); });
  says("an object with \"a\", found an array", [&] { static_cast<void>(examples::member(json{1}, "a", "f")); });
}

TEST_CASE("json: what has no JSON form is not written") {
  test::temporary_folder const folder;
  std::filesystem::path const file = folder / "x.json";
  auto const complaint = [&](json const& value) {
    return bad_input::complaint(file, [&] { examples::write_json(file, value); });
  };
  CHECK(has(complaint({{"a", {1.0, std::nan("")}}}), "NaN or infinity"));
  CHECK(has(complaint(HUGE_VAL), "NaN or infinity"));
  CHECK(has(complaint("\xff"), "UTF-8"));
  CHECK(folder.entries() == 0);
  CHECK(has(bad_input::complaint("/dev/full", [] { examples::write_json("/dev/full", 1); }), "No space left"));
}
