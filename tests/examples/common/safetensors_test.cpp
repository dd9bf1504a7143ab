// SPDX-License-Identifier: Apache-2.0
//
// Safetensors that are as they should be: written and read back, and a file spelt out by hand byte for byte.
#include "common/files/safetensors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "support/environment.hpp"

namespace {

using examples::dtype;
using examples::safetensors;
using examples::safetensors_writer;
using shape = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("safetensors: every dtype comes back as it was added") {
  test::temporary_folder const folder;
  std::vector<float> const singles{0.0f, -1.5f, 3.25e-40f, std::numeric_limits<float>::max(), 2.0f, 1.0f / 3.0f};
  std::vector<double> const doubles{1.0 / 3.0, -2.5};
  std::vector<std::int64_t> const integers{std::numeric_limits<std::int64_t>::min(), -1, 7};
  std::vector<float> const nothing;
  std::vector<float> const one{42.0f};
  safetensors_writer writer;
  writer.add("b", {2, 3}, singles);
  writer.add("a/\"\xc3\xa9\n", {2, 1}, doubles);
  writer.add("i", {3}, integers);
  writer.add("empty", {4, 0, 2}, nothing);
  writer.add("scalar", {}, one);
  writer.add_f16("half", {1}, one);
  writer.add_bf16("brain", {3}, std::vector<float>{1.0f, -2.0f, 1.00390625f});  // the last is a tie, to even: 1
  writer.write(folder / "x.safetensors");

  safetensors const file = safetensors::read(folder / "x.safetensors");
  CHECK(file.path() == folder / "x.safetensors");
  CHECK(file.names() == std::vector<std::string>{"a/\"\xc3\xa9\n", "b", "brain", "empty", "half", "i", "scalar"});
  CHECK(file.contains("b"));
  CHECK_FALSE(file.contains("c"));
  CHECK(file.floats("b", {2, 3}) == singles);
  CHECK(file.doubles("a/\"\xc3\xa9\n", {2, 1}) == doubles);
  CHECK(file.floats("a/\"\xc3\xa9\n") == std::vector<float>{1.0f / 3.0f, -2.5f});
  CHECK(file.integers("i", {3}) == integers);
  CHECK(file.floats("empty", {4, 0, 2}).empty());
  CHECK(file.shape("scalar").empty());
  CHECK(file.floats("scalar", {}) == one);
  CHECK(file.view("half").type == dtype::f16);
  CHECK(file.floats("half") == one);
  CHECK(file.view("brain").type == dtype::bf16);
  CHECK(file.doubles("brain") == std::vector<double>{1.0, -2.0, 1.0});
  CHECK(folder.entries() == 1);
}

TEST_CASE("safetensors: a view outlives the object as long as a copy does") {
  test::temporary_folder const folder;
  safetensors_writer writer;
  writer.add("a", {2}, std::vector<float>{1.0f, 2.0f});
  writer.write(folder / "x");
  safetensors const copy = [&] { return safetensors(safetensors::read(folder / "x")); }();
  examples::tensor_view const view = copy.view("a");
  CHECK(view.name == "a");
  CHECK(view.shape == shape{2});
  float second = 0.0f;
  REQUIRE(view.bytes.size() == 8);
  std::memcpy(&second, view.bytes.data() + 4, 4);
  CHECK(second == 2.0f);
}

TEST_CASE("safetensors: a file spelt out by hand is read, and a written one has the official layout") {
  test::temporary_folder const folder;
  std::string const header = R"({"__metadata__":{"format":"pt"},"n":{"dtype":"I32","shape":[2],"data_offsets":[2,10]},)"
                             R"("h":{"dtype":"F16","shape":[1,1],"data_offsets":[0,2],"more":null}}  )";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes += header;
  bytes += std::string("\x00\x3c\xff\xff\xff\xff\x05\x00\x01\x00", 10);  // unaligned on purpose
  bad_input::put(folder / "hand", bytes);
  safetensors const file = safetensors::read(folder / "hand");
  CHECK(file.names() == std::vector<std::string>{"h", "n"});
  CHECK(file.floats("h", {1, 1}) == std::vector<float>{1.0f});
  CHECK(file.integers("n") == std::vector<std::int64_t>{-1, 65541});

  safetensors_writer writer;
  writer.add_f16("a", {1}, std::vector<float>{1.0f});
  writer.add("b", {1}, std::vector<float>{2.0f});
  writer.write(folder / "written");
  std::string const expected =
      R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F16","shape":[1],"data_offsets":[4,6]}})";
  std::string const written = bad_input::get(folder / "written");
  std::size_t const padded = (expected.size() + 7) / 8 * 8;
  REQUIRE(written.size() == 8 + padded + 6);
  CHECK(static_cast<unsigned char>(written[0]) == padded);
  CHECK(written.substr(1, 7) == std::string(7, '\0'));
  CHECK(written.substr(8, padded) == expected + std::string(padded - expected.size(), ' '));
  CHECK(written.substr(8 + padded) == std::string("\x00\x00\x00\x40\x00\x3c", 6));
}

TEST_CASE("safetensors: no tensors at all is a valid file") {
  test::temporary_folder const folder;
  safetensors_writer().write(folder / "none");
  CHECK(safetensors::read(folder / "none").names().empty());
}

TEST_CASE("safetensors_writer: refuses what it could not write or read back") {
  safetensors_writer writer;
  std::vector<float> const two{1.0f, 2.0f};
  writer.add("a", {2}, two);
  CHECK_THROWS_AS(writer.add("a", {2}, two), std::invalid_argument);
  CHECK_THROWS_AS(writer.add("b", {3}, two), std::invalid_argument);
  CHECK_THROWS_AS(writer.add("b", {-1, -2}, two), std::invalid_argument);
  CHECK_THROWS_AS(writer.add("b", {std::int64_t{1} << 62, 8}, two), std::invalid_argument);
  CHECK_THROWS_AS(writer.add("__metadata__", {2}, two), std::invalid_argument);
  CHECK_THROWS_AS(writer.add("\xff", {2}, two), std::invalid_argument);
  CHECK_THROWS_AS(writer.add_f16("b", {1}, two), std::invalid_argument);
}
