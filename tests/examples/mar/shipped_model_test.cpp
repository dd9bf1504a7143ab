// SPDX-License-Identifier: Apache-2.0
//
// The model that ships: small, 16 bits, what its card says, and it draws clothes. And the tool it was made with.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "common/files/safetensors.hpp"
#include "mar_program.hpp"

using examples::mar::model_files;

TEST_CASE("the shipped model: 1,982,176 parameters in 16 bits, with its card") {
  auto const files = model_files::shipped();
  CHECK(std::filesystem::file_size(files.weights) < 6'000'000);
  auto const weights = examples::safetensors::read(files.weights);
  CHECK(weights.names().size() == 124);
  std::size_t count = 0;
  for (std::string const& name : weights.names()) {
    CHECK(weights.view(name).type == examples::dtype::f16);
    count += weights.floats(name).size();
  }
  CHECK(count == 1'982'176);

  examples::mar::checkpoint const model(files);
  CHECK(model.sizes().seq_len() == 49);
  CHECK(model.sizes().token_channels() == 16);
  CHECK(model.label_names().size() == 10);
  CHECK(model.label_names()[9] == "Ankle boot");
  REQUIRE(model.pixels());
  CHECK(model.pixels()->mean == 0.286);
  CHECK(model.pixels()->deviation == 0.353);

  std::string const card = bad_input::get(files.weights.parent_path() / "README.md");
  for (char const* fact : {"1,982,176", "MIT", "Fashion-MNIST", "16"}) CHECK(bad_input::has(card, fact));
}

TEST_CASE("the shipped model draws clothes on a dark ground") {
  auto const dump = mar_program::draw({"--images", "20", "--ar-steps", "8", "--steps", "12:4", "--seed", "2"});
  examples::mar::checkpoint const model(model_files::shipped());
  auto const pixels = tokens_to_pixels(model.sizes(), model.pixels().value(), dump.floats("tokens"));
  double mean = 0, corners = 0, trousers_gap = 0, trousers_legs = 0;
  auto const pixel = [&](int image, int y, int x) {
    return double{pixels[static_cast<std::size_t>((image * 28 + y) * 28 + x)]};
  };
  for (int image = 0; image < 20; ++image) {
    for (int y = 0; y < 28; ++y)
      for (int x = 0; x < 28; ++x) mean += pixel(image, y, x) / (20 * 28 * 28);
    corners += (pixel(image, 0, 0) + pixel(image, 0, 27)) / 40;
  }
  for (int const image : {1, 11}) {  // trousers: two legs with a gap between them at the bottom
    for (int y = 22; y < 26; ++y) {
      trousers_gap += (pixel(image, y, 13) + pixel(image, y, 14)) / 16;
      trousers_legs += (pixel(image, y, 10) + pixel(image, y, 17)) / 16;
    }
  }
  CHECK(std::abs(mean - 0.286) < 0.1);  // of the training images
  CHECK(std::abs(corners) < 0.05);
  CHECK(trousers_legs > 0.4);
  CHECK(trousers_gap < trousers_legs / 2);
}

TEST_CASE("convert_f16: values rounded to 16 bits, or refused") {
  test::temporary_folder const folder;
  std::string const in = (folder / "in.safetensors").string(), out = (folder / "out.safetensors").string();
  auto const convert = [&](std::vector<float> const& values) {
    examples::safetensors_writer writer;
    writer.add("a", {2, 2}, std::span<float const>(values));
    writer.write(in);
    return mar_program::run("ARDENT_CONVERT_F16", {in, out});
  };
  CHECK(convert({1.0f, -0.1f, 65504.0f, 1e-9f}).status == 0);
  auto const converted = examples::safetensors::read(out);
  CHECK(converted.view("a").type == examples::dtype::f16);
  // -0.1 lies between 1638 and 1639 parts in 2^14, nearer to 1638
  CHECK(converted.floats("a", {2, 2}) == std::vector<float>{1.0f, -1638.0f / 16384.0f, 65504.0f, 0.0f});
  std::filesystem::remove(out);
  mar_program::check_refusal(convert({1.0f, 65520.0f, 0.0f, 0.0f}), {in, "65504", "65520"});
  mar_program::check_refusal(convert({1.0f, NAN, 0.0f, 0.0f}), {in});
  mar_program::check_refusal(mar_program::run("ARDENT_CONVERT_F16", {in}), {"OUT"});
  CHECK(folder.entries() == 1);
}
