// SPDX-License-Identifier: Apache-2.0
//
// Arrays of pictures as numpy.savez lays them out: read back by minizip, the header by numpy's rules; complete or not
// at all.
#include "common/files/npz.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "read_npz.hpp"
#include "support/environment.hpp"

namespace {

using examples::npz_writer;

std::vector<std::uint8_t> numbers(int count) {
  std::vector<std::uint8_t> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), std::uint8_t{3});
  return made;
}

}  // namespace

TEST_CASE("npz: what was added, picture by picture, in the order and shape of numpy") {
  test::temporary_folder const folder;
  for (int const channels : {1, 3}) {
    std::filesystem::path const file = folder / ("a" + std::to_string(channels) + ".npz");
    std::vector<std::uint8_t> const all = numbers(5 * 4 * 6 * channels);
    npz_writer writer(file, 5, 4, 6, channels);
    for (int i = 0; i < 5; ++i) {
      CHECK_FALSE(std::filesystem::exists(file));
      writer.add(
          std::span(all).subspan(static_cast<std::size_t>(i * 24 * channels), static_cast<std::size_t>(24 * channels)));
    }
    writer.finish();
    test::npz_array const found = test::read_npz(file);
    CHECK(found.shape == std::vector<std::int64_t>{5, 4, 6, channels});
    CHECK(found.values == all);
  }
  CHECK(folder.entries() == 2);
}

TEST_CASE("npz: pictures in pieces of several, and an array of many") {
  test::temporary_folder const folder;
  std::vector<std::uint8_t> const all = numbers(3000 * 12);
  npz_writer writer(folder / "a.npz", 3000, 2, 2, 3);
  writer.add(std::span(all).first(12 * 7));
  writer.add(std::span(all).subspan(12 * 7));
  writer.finish();
  CHECK(test::read_npz(folder / "a.npz").values == all);
}

TEST_CASE("npz: what is not complete is not there, and what is too much is refused") {
  test::temporary_folder const folder;
  {
    npz_writer writer(folder / "a.npz", 2, 1, 1, 1);
    writer.add(numbers(1));
    CHECK_THROWS_AS(writer.finish(), std::logic_error);
  }
  {
    npz_writer writer(folder / "a.npz", 2, 1, 1, 1);
    CHECK_THROWS_AS(writer.add(numbers(3)), std::invalid_argument);
  }
  CHECK(folder.entries() == 0);
  std::string const message = bad_input::message_of([&] { npz_writer(folder / "nowhere/a.npz", 1, 1, 1, 1); });
  CHECK(bad_input::has(message, "nowhere"));
}

TEST_CASE("npz: an old file stays until the new one is complete") {
  test::temporary_folder const folder;
  bad_input::put(folder / "a.npz", "old");
  {
    npz_writer writer(folder / "a.npz", 2, 1, 1, 1);
    writer.add(numbers(1));
  }
  CHECK(bad_input::get(folder / "a.npz") == "old");
}
