// SPDX-License-Identifier: Apache-2.0
//
// The model of latents that ships with its autoencoder: 16 bits, what its card says, and it draws clothes without
// seams.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "../common/read_npz.hpp"
#include "common/files/safetensors.hpp"
#include "common/vae/vae_decoder.hpp"
#include "mar_program.hpp"

namespace {

std::filesystem::path folder() {
  return examples::mar::model_files::shipped().weights.parent_path().parent_path() / "fashion_mar_latent";
}

struct counts {
  std::size_t tensors = 0, parameters = 0;
};

// Of a file whose values have 16 bits.
counts count(std::filesystem::path const& file) {
  auto const weights = examples::safetensors::read(file);
  counts found{weights.names().size(), 0};
  for (std::string const& name : weights.names()) {
    CHECK(weights.view(name).type == examples::dtype::f16);
    found.parameters += weights.floats(name).size();
  }
  return found;
}

// 28 x 28 grey pictures in [0, 1].
struct drawn {
  std::vector<double> values;
  int images;

  explicit drawn(test::npz_array const& array) : images(static_cast<int>(array.shape.at(0))) {
    for (auto const value : array.values) values.push_back(value / 255.0);
  }
  double operator()(int image, int y, int x) const {
    return values[static_cast<std::size_t>((image * 28 + y) * 28 + x)];
  }
  // Mean step from column x to x + 1 and from row x to x + 1.
  double step(int x) const {
    double sum = 0;
    for (int image = 0; image < images; ++image)
      for (int y = 0; y < 28; ++y)
        sum += std::abs((*this)(image, y, x + 1) - (*this)(image, y, x)) +
               std::abs((*this)(image, x + 1, y) - (*this)(image, x, y));
    return sum / (images * 2 * 28);
  }
  // By how much steps across the borders of tokens of 4 x 4 pixels are larger than those one pixel beside them.
  double seams() const {
    double across = 0, beside = 0;
    for (int border = 3; border < 26; border += 4) {
      across += step(border);
      beside += (step(border - 1) + step(border + 1)) / 2;
    }
    return across / beside;
  }
};

drawn draw(std::vector<std::string> arguments) {
  test::temporary_folder const scratch;
  std::string const file = (scratch / "drawn.npz").string();
  arguments.insert(arguments.end(), {"--images", "20", "--ar-steps", "8", "--steps", "12:4", "--seed", "2", "--quiet",
                                     "--out-npz", file});
  test::outcome const result = mar_program::run("ARDENT_MAR", arguments);
  REQUIRE_MESSAGE(result.status == 0, result.errors);
  test::npz_array const array = test::read_npz(file);
  REQUIRE(array.shape == std::vector<std::int64_t>{20, 28, 28, 1});
  return drawn(array);
}

}  // namespace

TEST_CASE("the shipped model of latents: 16 bits, with its decoder and its card") {
  counts const model = count(folder() / "fashion_mar_latent.safetensors");
  counts const autoencoder = count(folder() / "fashion_vae.safetensors");
  CHECK(model.parameters == 2'978'976);
  CHECK(autoencoder.parameters == 371'981);

  examples::mar::checkpoint const read(
      {folder() / "fashion_mar_latent.safetensors", folder() / "fashion_mar_latent.json"});
  CHECK(read.sizes().seq_len() == 49);
  CHECK(read.sizes().token_channels() == 16);
  CHECK(read.label_names().at(9) == "Ankle boot");
  CHECK(!read.pixels());
  examples::vae_decoder const decoder(folder() / "fashion_vae.safetensors");
  CHECK(decoder.sizes().vae_scale > 0);

  std::string const card = bad_input::get(folder() / "README.md");
  for (char const* fact : {"2,978,976", "371,981", "MIT", "Fashion-MNIST"}) CHECK(bad_input::has(card, fact));
}

TEST_CASE("the shipped model of latents draws clothes on a dark ground, without seams") {
  drawn const pictures = draw({"--weights", (folder() / "fashion_mar_latent.safetensors").string(), "--vae",
                               (folder() / "fashion_vae.safetensors").string()});
  double mean = 0, corners = 0, trousers_gap = 0, trousers_legs = 0;
  for (double const value : pictures.values) mean += value / static_cast<double>(pictures.values.size());
  for (int image = 0; image < 20; ++image) corners += (pictures(image, 0, 0) + pictures(image, 0, 27)) / 40;
  for (int const image : {1, 11}) {  // trousers: two legs with a gap between them at the bottom
    for (int y = 22; y < 26; ++y) {
      trousers_gap += (pictures(image, y, 13) + pictures(image, y, 14)) / 16;
      trousers_legs += (pictures(image, y, 10) + pictures(image, y, 17)) / 16;
    }
  }
  CHECK(std::abs(mean - 0.286) < 0.1);  // of the training images
  CHECK(corners < 0.05);
  CHECK(trousers_legs > 0.4);
  CHECK(trousers_gap < trousers_legs / 2);

  // 1.016 of the 10,000 test images; the model whose tokens are pixels shows its borders
  CHECK(pictures.seams() < 1.2);
  CHECK(draw({}).seams() > 1.25);
}
