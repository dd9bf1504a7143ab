// SPDX-License-Identifier: Apache-2.0
//
// PNG files, read back with stb_image's decoder.
#include <doctest/doctest.h>
#include <stb_image.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>

#include "bad_input.hpp"
#include "common/pictures/picture.hpp"
#include "support/environment.hpp"

using examples::picture;

TEST_CASE("png: grey and RGB come back from another decoder") {
  test::temporary_folder const folder;
  for (int const channels : {1, 3}) {
    picture image(37, 11, channels);
    for (int y = 0; y < 11; ++y) {
      for (int x = 0; x < 37; ++x) {
        for (int c = 0; c < channels; ++c) image.at(x, y, c) = static_cast<std::uint8_t>(7 * x + 31 * y + 101 * c);
      }
    }
    std::filesystem::path const file = folder / "x.png";
    examples::write_png(file, image);
    int width = 0, height = 0, found = 0;
    stbi_uc* const pixels = stbi_load(file.c_str(), &width, &height, &found, 0);
    REQUIRE(pixels != nullptr);
    CHECK(width == 37);
    CHECK(height == 11);
    REQUIRE(found == channels);
    CHECK(std::equal(image.samples().begin(), image.samples().end(), pixels));
    stbi_image_free(pixels);
  }
  CHECK(folder.entries() == 1);
  picture const image(2, 2, 1);
  CHECK(
      bad_input::has(bad_input::complaint("/dev/full", [&] { examples::write_png("/dev/full", image); }), "No space"));
  bad_input::complaint(folder / "no/x.png", [&] { examples::write_png(folder / "no/x.png", image); });
}
