// SPDX-License-Identifier: Apache-2.0
//
// A sound safetensors file that does not hold what the caller needs: names, shapes, dtypes and values.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "common/files/safetensors.hpp"
#include "support/environment.hpp"

using bad_input::has;
using examples::safetensors;
using examples::safetensors_writer;

TEST_CASE("safetensors: a tensor that is missing or of another shape or dtype") {
  test::temporary_folder const folder;
  safetensors_writer writer;
  writer.add("f", {2, 1}, std::vector<float>{1, 2});
  writer.add("i", {2}, std::vector<std::int64_t>{1, 2});
  writer.write(folder / "x");
  safetensors const file = safetensors::read(folder / "x");
  auto const complaint = [&](auto&& f) { return bad_input::complaint(folder / "x", f); };
  CHECK(has(complaint([&] { static_cast<void>(file.view("g")); }), "tensor 'g', found no tensor"));
  CHECK(has(complaint([&] { static_cast<void>(file.floats("g\n", {2})); }), "tensor 'g?', found no tensor"));
  CHECK(has(complaint([&] { static_cast<void>(file.shape("")); }), "tensor ''"));
  CHECK(has(complaint([&] { static_cast<void>(file.floats("f", {2})); }), "shape [2], found [2, 1]"));
  CHECK(has(complaint([&] { static_cast<void>(file.doubles("f", {1, 2})); }), "shape [1, 2], found [2, 1]"));
  CHECK(has(complaint([&] { static_cast<void>(file.integers("i", {})); }), "shape [], found [2]"));
  CHECK(has(complaint([&] { static_cast<void>(file.floats("i")); }), "F32, F64, F16 or BF16, found I64"));
  CHECK(has(complaint([&] { static_cast<void>(file.integers("f")); }), "I64 or I32, found F32"));
}

TEST_CASE("safetensors: the first value that is not a finite number is named") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  test::temporary_folder const folder;
  for (double const bad : {nan, infinity, -infinity}) {
    CAPTURE(bad);
    std::vector<double> const wide{0.0, 1.0, 2.0, bad, nan};
    std::vector<float> const values(wide.begin(), wide.end());
    safetensors_writer writer;
    writer.add("f32", {5}, values);
    writer.add("f64", {5}, wide);
    writer.add_f16("f16", {5}, values);
    writer.add_bf16("bf16", {5}, values);
    writer.write(folder / "x");
    safetensors const file = safetensors::read(folder / "x");  // not read's business: a mask may hold infinities
    for (std::string const& name : file.names()) {
      CAPTURE(name);
      for (bool const as_double : {false, true}) {
        std::string const message = bad_input::complaint(folder / "x", [&] {
          if (as_double) static_cast<void>(file.doubles(name));
          if (!as_double) static_cast<void>(file.floats(name));
        });
        CHECK(has(message, "'" + name + "'"));
        CHECK(has(message, std::isnan(bad) ? "found NaN at index 3" : "found infinity"));
        CHECK(message.ends_with("at index 3"));
      }
    }
  }
}

TEST_CASE("safetensors: a double that float cannot hold is named, the largest that rounds to a float is not") {
  test::temporary_folder const folder;
  double const largest = std::numeric_limits<float>::max();
  double const tie = 0x1.ffffffp127;  // half a unit above: rounds away
  safetensors_writer writer;
  writer.add("fits", {3}, std::vector<double>{largest, std::nextafter(tie, 0.0), -largest});
  writer.add("large", {2}, std::vector<double>{-1.0, tie});
  writer.write(folder / "x");
  safetensors const file = safetensors::read(folder / "x");
  float const f = std::numeric_limits<float>::max();
  CHECK(file.floats("fits") == std::vector<float>{f, f, -f});
  CHECK(file.doubles("large") == std::vector<double>{-1.0, tie});
  std::string const message = bad_input::complaint(folder / "x", [&] { static_cast<void>(file.floats("large")); });
  CHECK(has(message, "too large for float at index 1"));
}
