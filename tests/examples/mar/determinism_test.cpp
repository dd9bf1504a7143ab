// SPDX-License-Identifier: Apache-2.0
//
// The program mar draws image i from the seed, i and its label: whatever the batch, the threads and the other images.
#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "mar_program.hpp"

using mar_program::draw;

namespace {

// The bytes of all tensors, one after the other.
std::string bytes_of(examples::safetensors const& file) {
  std::string all;
  for (std::string const& name : file.names()) {
    auto const view = file.view(name);
    all += name;
    all.append(reinterpret_cast<char const*>(view.bytes.data()), view.bytes.size());
  }
  return all;
}

std::vector<std::string> with(std::vector<std::string> arguments, std::vector<std::string> const& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

TEST_CASE("mar: the same seed gives the same dump, bit for bit, whatever the threads and the batch") {
  // 17 images: with batches of 16 the last one is alone; few rows are a team's work, many are tiles of their own
  std::vector<std::string> const images = {"--images", "17", "--ar-steps", "3", "--steps", "4:2", "--seed", "11"};
  std::string const once = bytes_of(draw(images));
  CHECK(bytes_of(draw(images)) == once);
  CHECK(bytes_of(draw(with(images, {"--threads", "1", "--batch", "1"}))) == once);
  CHECK(bytes_of(draw(with(images, {"--threads", "2", "--batch", "1"}))) == once);
  CHECK(bytes_of(draw(with(images, {"--threads", "1", "--batch", "16"}))) == once);
  CHECK(bytes_of(draw(with(images, {"--threads", "2", "--batch", "16"}))) == once);
  CHECK(bytes_of(draw(with(images, {"--threads", "3", "--batch", "5"}))) == once);
}

TEST_CASE("mar: so do the other kernels: bfloat16 in head or backbone, no guidance, no learned variance") {
  for (std::vector<std::string> const& how :
       std::vector<std::vector<std::string>>{{"--head", "bf16"},
                                             {"--head", "int8"},
                                             {"--backbone", "bf16"},
                                             {"--guidance", "none"},
                                             {"--solver", "dpm-solver++", "--guidance", "none"}}) {
    auto const images = with(how, {"--images", "6", "--ar-steps", "3", "--steps", "4:2", "--seed", "11"});
    std::string const once = bytes_of(draw(with(images, {"--threads", "1", "--batch", "1"})));
    CHECK(bytes_of(draw(with(images, {"--threads", "2", "--batch", "16"}))) == once);
    CHECK(bytes_of(draw(with(images, {"--threads", "2", "--batch", "2"}))) == once);
  }
}

TEST_CASE("mar: an image does not depend on the others") {
  std::vector<std::string> const common = {"--ar-steps", "4", "--steps", "5", "--seed", "3", "--batch", "8"};
  auto const many = draw(with(common, {"--labels", "2,8,5", "--images", "8"})).floats("tokens");
  std::size_t const image = 49 * 16;
  REQUIRE(many.size() == 8 * image);
  auto const alone = draw(with(common, {"--labels", "2"})).floats("tokens");
  REQUIRE(alone.size() == image);
  CHECK(std::vector<float>(many.begin(), many.begin() + image) == alone);
  // the fifth image among others of other labels
  auto const others = draw(with(common, {"--labels", "0,1,9,4,8", "--images", "6"})).floats("tokens");
  auto const fifth = [](std::vector<float> const& all) {
    return std::vector<float>(all.begin() + 4 * image, all.begin() + 5 * image);
  };
  CHECK(fifth(many) == fifth(others));
  CHECK(std::vector<float>(others.begin(), others.begin() + image) != alone);  // another label
}

TEST_CASE("mar: seeds, labels and images are different pictures") {
  auto const tokens = [](std::vector<std::string> const& more) {
    return draw(with({"--ar-steps", "3", "--steps", "4"}, more)).floats("tokens");
  };
  auto const first = tokens({"--labels", "1", "--seed", "1"});
  CHECK(tokens({"--labels", "1", "--seed", "2"}) != first);
  CHECK(tokens({"--labels", "1", "--seed", "4294967297"}) != first);  // differs in the upper half alone
  CHECK(tokens({"--labels", "2", "--seed", "1"}) != first);
  auto const two = tokens({"--labels", "1", "--images", "2", "--seed", "1"});
  CHECK(std::vector<float>(two.begin() + 49 * 16, two.end()) != first);
}
