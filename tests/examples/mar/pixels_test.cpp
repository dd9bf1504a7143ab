// SPDX-License-Identifier: Apache-2.0
//
// Tokens to pixels: each value of a patch on its place, against an enumeration from the other side.
#include <doctest/doctest.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "mar/pixels.hpp"

using examples::mar::config;
using examples::mar::pixel_map;
using examples::mar::read_pixel_map;
using examples::mar::tokens_to_pixels;

namespace {

config sizes_of(int img_size, int patch_size, int channels) {
  config sizes;
  sizes.img_size = img_size;
  sizes.vae_stride = 1;
  sizes.patch_size = patch_size;
  sizes.vae_embed_dim = channels;
  return sizes;
}

}  // namespace

TEST_CASE("pixels: every pixel comes from its patch") {
  config const sizes = sizes_of(6, 2, 3);  // 3 x 3 tokens of 3 x 2 x 2
  std::vector<float> tokens;
  for (int i = 0; i < 2 * 9 * 12; ++i) tokens.push_back(static_cast<float>(i));
  auto const pixels = tokens_to_pixels(sizes, {.mean = 0.5, .deviation = 2.0}, tokens);
  REQUIRE(pixels.size() == tokens.size());
  std::size_t next = 0;
  for (int image = 0; image < 2; ++image)
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 6; ++y)
        for (int x = 0; x < 6; ++x) {
          int const token = y / 2 * 3 + x / 2, inside = (c * 2 + y % 2) * 2 + x % 2;
          CHECK(pixels[next++] == static_cast<float>((image * 9 + token) * 12 + inside) * 2.0f + 0.5f);
        }
  CHECK_THROWS_AS(static_cast<void>(tokens_to_pixels(sizes, {}, std::vector<float>(9 * 12 + 1))),
                  std::invalid_argument);
}

TEST_CASE("pixels: the map is read from the model's JSON and checked") {
  nlohmann::json const document = {{"pixels", {{"mean", 0.25}, {"std", 0.5}}}};
  config sizes = sizes_of(28, 4, 1);
  auto const map = read_pixel_map(document, sizes, "m.json");
  REQUIRE(map);
  CHECK(map->mean == 0.25);
  CHECK(map->deviation == 0.5);
  CHECK_FALSE(read_pixel_map(nlohmann::json::object(), sizes, "m.json"));

  auto const refused = [&](nlohmann::json const& changed) {
    return bad_input::complaint("m.json", [&] { static_cast<void>(read_pixel_map(changed, sizes, "m.json")); });
  };
  CHECK(bad_input::has(refused({{"pixels", {{"mean", 0.25}}}}), "std"));
  CHECK(bad_input::has(refused({{"pixels", {{"mean", 0.25}, {"std", 0}}}}), "std"));
  CHECK(bad_input::has(refused({{"pixels", {{"mean", "x"}, {"std", 1}}}}), "mean"));
  sizes.vae_embed_dim = 4;
  CHECK(bad_input::has(refused(document), "vae_embed_dim"));
  sizes.vae_embed_dim = 1;
  sizes.vae_stride = 2;
  CHECK(bad_input::has(refused(document), "vae_stride"));
}
