// SPDX-License-Identifier: Apache-2.0
//
// The programs flowar, xar and next_row, which are one template: pictures from one command, the same bits however they
// are drawn, the outputs' agreement, and what is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "common/files/safetensors.hpp"
#include "common/pictures/picture.hpp"
#include "common/program/labels.hpp"
#include "common/program/model_files.hpp"
#include "read_npz.hpp"
#include "support/command.hpp"
#include "support/environment.hpp"
#include "support/made_numbers.hpp"

namespace {

using examples::safetensors;
using words = std::vector<std::string>;

words operator+(words first, words const& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// A program and the options with which it draws quickly.
struct generator {
  char const* variable;  // where the tests find it
  char const* model;     // in models/
  words quick;
  char const* tensor;  // one of its weights
  int tokens, channels;
};

generator const flowar{"ARDENT_FLOWAR", "fashion_flowar", {"--steps", "3:2"}, "decoder_norm.weight", 49, 16};
generator const xar{"ARDENT_XAR", "fashion_xar", {"--steps", "3:2"}, "decoder_norm.weight", 64, 16};

test::outcome run(generator const& of, words const& arguments) {
  return test::run(words{test::program(of.variable).value().string()} + of.quick + arguments);
}

safetensors draw(generator const& of, words const& arguments) {
  test::temporary_folder const folder;
  std::string const file = (folder / "tokens.safetensors").string();
  test::outcome const result = run(of, arguments + words{"--quiet", "--dump", file});
  REQUIRE_MESSAGE(result.status == 0, result.errors);
  CHECK(result.output.empty());
  CHECK(result.errors.empty());
  CHECK(folder.entries() == 1);
  return safetensors::read(file);
}

std::vector<float> tokens(generator const& of, words const& arguments) { return draw(of, arguments).floats("tokens"); }

void check_refusal(test::outcome const& result, words const& parts) {
  INFO(result.errors);
  CHECK(result.status == 2);
  CHECK(result.output.empty());
  CHECK(result.errors.starts_with("error: "));
  CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
  for (std::string const& part : parts) {
    INFO(part);
    CHECK(bad_input::has(result.errors, part));
  }
}

/// Refused before anything is drawn or written.
void check_refused(generator const& of, words const& arguments, words const& parts) {
  test::temporary_folder const folder;
  check_refusal(run(of, arguments + words{"--out", (folder / "o.png").string(), "--out-npz",
                                          (folder / "o.npz").string(), "--out-folder", (folder / "o").string()}),
                parts);
  CHECK(folder.entries() == 0);
}

std::filesystem::path weights_of(generator const& of) { return examples::model_files::shipped(of.model).weights; }

using change = std::function<void(examples::safetensors_writer&, std::vector<std::int64_t>, std::vector<float>)>;

/// The shipped model with one tensor changed: what is said of it.
void check_changed(generator const& of, change const& add, words const& parts) {
  test::temporary_folder const folder;
  safetensors const shipped = safetensors::read(weights_of(of));
  examples::safetensors_writer writer;
  for (std::string const& name : shipped.names()) {
    if (name == of.tensor)
      add(writer, shipped.shape(name), shipped.floats(name));
    else
      writer.add_f16(name, shipped.shape(name), shipped.floats(name));
  }
  writer.write(folder / "w.safetensors");
  check_refused(of,
                {"--weights", (folder / "w.safetensors").string(), "--config",
                 examples::model_files::shipped(of.model).config.string()},
                parts + words{"w.safetensors"});
}

}  // namespace

TEST_CASE("flowar and xar: one command draws a picture with the shipped model, and says what it took") {
  for (generator const& of : {flowar, xar}) {
    test::temporary_folder const folder;
    test::outcome const result = run(of, {"--out", (folder / "o.png").string()});
    INFO(result.errors);
    CHECK(result.status == 0);
    CHECK(bad_input::has(result.output, "network evaluations: "));
    CHECK(bad_input::has(result.output, " images/s\n"));
    CHECK(bad_input::has(result.output, "wrote "));
    CHECK(bad_input::get(folder / "o.png").starts_with("\x89PNG"));
    CHECK(folder.entries() == 1);
  }
}

TEST_CASE("flowar and xar: an image is its seed, its index and its label, whatever the batch, threads and others") {
  for (generator const& of : {flowar, xar}) {
    words const five{"--labels", "3,1,4,1,5", "--seed", "7"};
    safetensors const once = draw(of, five);
    std::vector<float> const all = once.floats("tokens", {5, of.tokens, of.channels});
    CHECK(once.integers("labels") == std::vector<std::int64_t>{3, 1, 4, 1, 5});
    for (words const& how : {words{"--threads", "1"}, words{"--batch", "2"}, words{"--batch", "1", "--threads", "3"}})
      CHECK(tokens(of, five + how) == all);
    std::vector<float> const first = tokens(of, {"--labels", "3", "--seed", "7"});
    CHECK(std::equal(first.begin(), first.end(), all.begin()));
    CHECK(tokens(of, {"--labels", "3,1,4,1,5", "--seed", "8"}) != all);
    CHECK(tokens(of, {"--labels", "2", "--seed", "7"}) != first);
    CHECK(tokens(of, {"--labels", "3", "--seed", "7", "--guidance-scale", "3"}) != first);
    CHECK(tokens(of, {"--labels", "3", "--seed", "7", "--guidance", "none"}) != first);
  }
  CHECK(tokens(xar, {"--labels", "3", "--solver", "euler"}) != tokens(xar, {"--labels", "3"}));
}

TEST_CASE("flowar and xar: array, numbered files and sheet hold the same pictures") {
  for (generator const& of : {flowar, xar}) {
    test::temporary_folder const folder;
    test::outcome const result =
        run(of, {"--labels", "balanced", "--images", "7", "--batch", "3", "--quiet", "--out",
                 (folder / "o.png").string(), "--out-npz", (folder / "o.npz").string(), "--out-folder",
                 (folder / "o").string(), "--dump", (folder / "o.safetensors").string()});
    INFO(result.errors);
    REQUIRE(result.status == 0);
    test::npz_array const array = test::read_npz(folder / "o.npz");
    CHECK(array.shape == std::vector<std::int64_t>{7, 28, 28, 1});
    std::vector<float> pixels;
    for (int i = 0; i < 7; ++i) {
      examples::picture one(28, 28, 1);
      for (int y = 0; y < 28; ++y)
        for (int x = 0; x < 28; ++x) {
          one.at(x, y, 0) = array.values[static_cast<std::size_t>((i * 28 + y) * 28 + x)];
          pixels.push_back(static_cast<float>(one.at(x, y, 0)) / 255.0f);
        }
      std::vector<std::byte> const png = examples::encode_png(one);
      CHECK(bad_input::get(folder / ("o/00000" + std::to_string(i) + ".png")) ==
            std::string(reinterpret_cast<char const*>(png.data()), png.size()));
    }
    auto const files = std::filesystem::directory_iterator(folder / "o");
    CHECK(std::distance(begin(files), end(files)) == 7);
    std::vector<std::byte> const sheet = examples::encode_png(
        examples::make_grid({pixels, 7, 1, 28, 28}, 7, 3, 4));  // 7 labels that all differ: a column each
    CHECK(bad_input::get(folder / "o.png") == std::string(reinterpret_cast<char const*>(sheet.data()), sheet.size()));
    std::vector<int> const labels = examples::balanced_labels(7, 10);
    CHECK(safetensors::read(folder / "o.safetensors").integers("labels") ==
          std::vector<std::int64_t>(labels.begin(), labels.end()));
  }
}

TEST_CASE("flowar and xar: the tensor that is missing, left over, misshapen or not finite is named") {
  for (generator const& of : {flowar, xar}) {
    using shape = std::vector<std::int64_t>;
    using floats = std::vector<float>;
    std::string const name = of.tensor;
    check_changed(of, [](auto&, shape const&, floats const&) {}, {name});
    check_changed(of,
                  [&](auto& writer, shape extents, floats const& values) {
                    writer.add(name, {extents[0] / 2, 2}, std::span<float const>(values));
                  },
                  {name, "expected", "found"});
    check_changed(of,
                  [&](auto& writer, shape const& extents, floats values) {
                    values[5] = std::numeric_limits<float>::quiet_NaN();
                    writer.add(name, extents, std::span<float const>(values));
                  },
                  {name, "finite"});
    check_changed(of,
                  [&](auto& writer, shape const& extents, floats const& values) {
                    writer.add(name, extents, std::span<float const>(values));
                    writer.add(name + "_of_another", extents, std::span<float const>(values));
                  },
                  {name + "_of_another"});
    test::temporary_folder const folder;
    std::string const whole = bad_input::get(weights_of(of));
    bad_input::put(folder / "w.safetensors", std::string_view(whole).substr(0, whole.size() - 9));
    words const short_one{"--weights", (folder / "w.safetensors").string(), "--config",
                          examples::model_files::shipped(of.model).config.string()};
    check_refused(of, short_one, {"w.safetensors", "expected", "found"});
    check_refused(of, {"--weights", weights_of(of).string(), "--config", (folder / "no.json").string()}, {"no.json"});
  }
}

TEST_CASE("flowar and xar: options that are wrong, and outputs that cannot be") {
  for (generator of : {flowar, xar}) {
    check_refused(of, {"--labels", "Spoon"}, {"--labels", "Spoon"});
    check_refused(of, {"--labels", "10"}, {"--labels", "10"});
    check_refused(of, {"--labels", "balanced", "--images", "0"}, {"--images"});
    check_refused(of, {"--guidance", "cosine"}, {"--guidance", "cosine"});
    check_refused(of, {"--guidance-scale", "much"}, {"--guidance-scale"});
    check_refused(of, {"--batch", "0"}, {"--batch"});
    check_refused(of, {"--no-such"}, {"--no-such"});
    check_refused(of, {"--vae", "v.safetensors"}, {"--vae", "pixels"});
    of.quick.clear();
    check_refused(of, {"--steps", "0"}, {"--steps"});
    check_refused(of, {"--steps", "2:9"}, {"--steps"});
    check_refused(of, {"--steps", "4,4"}, {"--steps"});
    test::temporary_folder const folder;
    check_refusal(run(of, {"--out", (folder / "nowhere/o.png").string()}), {"nowhere"});
    check_refusal(run(of, {"--out-npz", (folder / "nowhere/o.npz").string()}), {"nowhere"});
    std::filesystem::create_directory(folder / "full");
    bad_input::put(folder / "full/note", "mine");
    words const good{"--out", (folder / "o.png").string(), "--out-npz", (folder / "o.npz").string()};
    check_refusal(run(of, good + words{"--out-folder", (folder / "full").string()}), {"full", "empty"});
    check_refusal(run(of, good + words{"--dump", (folder / "nowhere/d").string()}), {"nowhere"});
    CHECK(folder.entries() == 1);  // nothing of the outputs that could be
    check_refusal(run(of, {"--out", (folder / "o").string(), "--dump", (folder / "o").string()}), {"the picture"});
  }
  check_refused(xar, {"--solver", "heun"}, {"--solver", "heun"});
  check_refused(flowar, {"--guidance-interval", "2"}, {"--guidance-interval"});
}

TEST_CASE("next_row: a system of one file draws too, the same however it is drawn") {
  test::temporary_folder const folder;
  bad_input::put(folder / "rows.json",
                 R"({"constructor": {"side": 4, "channels": 4, "width": 8, "class_num": 3, "patch_size": 2},)"
                 R"( "pixels": {"mean": 0.5, "std": 0.25}})");
  test::made_numbers numbers(3);
  examples::safetensors_writer writer;
  auto const add = [&](char const* name, std::vector<std::int64_t> const& shape) {
    std::int64_t size = 1;
    for (std::int64_t const extent : shape) size *= extent;
    writer.add(name, shape, std::span<float const>(numbers.normals(static_cast<int>(size), 0.5)));
  };
  add("classes", {4, 8});
  add("positions", {16, 8});
  add("above", {8, 4});
  add("token", {8, 4});
  add("time", {8});
  add("out", {4, 8});
  writer.write(folder / "rows.safetensors");
  generator const of{"ARDENT_NEXT_ROW", "", {"--weights", (folder / "rows.safetensors").string()}, "", 16, 4};
  words const three{"--labels", "all", "--guidance-scale", "2"};
  std::vector<float> const all = draw(of, three).floats("tokens", {3, 16, 4});
  CHECK(tokens(of, three + words{"--batch", "1", "--threads", "2"}) == all);
  std::vector<float> const first = tokens(of, {"--labels", "0", "--guidance-scale", "2"});
  CHECK(std::equal(first.begin(), first.end(), all.begin()));
  test::outcome const drawn = run(of, {"--quiet", "--out-npz", (folder / "o.npz").string()});
  INFO(drawn.errors);
  CHECK(drawn.status == 0);
  CHECK(test::read_npz(folder / "o.npz").shape == std::vector<std::int64_t>{3, 8, 8, 1});
}
