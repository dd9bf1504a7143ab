// SPDX-License-Identifier: Apache-2.0
//
// The program harmon: one command from a prompt to an untrained picture, prompts from files, a VAE and
// what evaluations read, and what it refuses.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "../common/read_npz.hpp"
#include "../common/tiny_vae.hpp"
#include "common/files/safetensors.hpp"
#include "common/pictures/picture.hpp"
#include "common/vae/vae_decoder.hpp"
#include "harmon/prompts.hpp"
#include "support/command.hpp"
#include "support/environment.hpp"

namespace {

using examples::safetensors;

test::outcome harmon(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), test::program("ARDENT_HARMON").value().string());
  return test::run(arguments);
}

std::vector<std::string> with(std::vector<std::string> first, std::vector<std::string> const& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

// As short as a drawing can be.
std::vector<std::string> const shortest{"--untrained", "5", "--ar-steps", "3", "--steps", "3:2"};

safetensors dump_of(std::vector<std::string> const& arguments) {
  test::temporary_folder const folder;
  std::string const file = (folder / "tokens.safetensors").string();
  test::outcome const run = harmon(with(arguments, {"--quiet", "--dump", file}));
  REQUIRE_MESSAGE(run.status == 0, run.errors);
  CHECK(run.output.empty());
  CHECK(folder.entries() == 1);
  return safetensors::read(file);
}

void check_refused(std::vector<std::string> arguments, std::vector<std::string> const& parts) {
  test::temporary_folder const folder;
  test::outcome const run = harmon(with(arguments, {"--out", (folder / "o.png").string()}));
  INFO(run.errors);
  CHECK(run.status == 2);
  CHECK(run.errors.starts_with("error: "));
  CHECK(std::count(run.errors.begin(), run.errors.end(), '\n') == 1);
  CHECK(run.output.empty());
  CHECK(folder.entries() == 0);
  for (std::string const& part : parts) {
    INFO(part);
    CHECK(bad_input::has(run.errors, part));
  }
}

void check_file_refused(std::string const& text, std::string const& part) {
  test::temporary_folder const folder;
  bad_input::put(folder / "p.jsonl", text);
  std::string const message =
      bad_input::message_of([&] { static_cast<void>(examples::harmon::read_prompts(folder / "p.jsonl")); });
  INFO(text << " -> " << message);
  CHECK(bad_input::has(message, "p.jsonl"));
  CHECK(bad_input::has(message, part));
}

}  // namespace

TEST_CASE("harmon program: one command makes a picture, and says that it is of an untrained model") {
  test::temporary_folder const folder;
  test::outcome const run = harmon(with(shortest, {"--out", (folder / "o.png").string()}));
  INFO(run.errors);
  CHECK(run.status == 0);
  CHECK(bad_input::has(run.output, "UNTRAINED"));
  CHECK(bad_input::has(run.output, "not decoded"));
  CHECK(bad_input::get(folder / "o.png").starts_with("\x89PNG"));
}

TEST_CASE("harmon program: what is drawn depends on prompt and seed, not on threads, batch or who else is drawn") {
  std::vector<std::string> const two = with(shortest, {"--ids", "1,2,3", "--ids", "9", "--images-per-prompt", "2"});
  safetensors const all = dump_of(two);
  std::vector<float> const tokens = all.floats("tokens", {4, 64, 16});
  CHECK(std::ranges::all_of(tokens, [](float v) { return std::isfinite(v); }));
  CHECK(all.integers("untrained") == std::vector<std::int64_t>{1});
  CHECK(all.integers("prompts") == std::vector<std::int64_t>{0, 0, 1, 1});
  CHECK(all.shape("vae_input") == std::vector<std::int64_t>{4, 16, 8, 8});
  CHECK(dump_of(with(two, {"--threads", "1", "--batch", "3"})).floats("tokens") == tokens);
  CHECK(dump_of(with(two, {"--threads", "3"})).floats("tokens") == tokens);
  CHECK(dump_of(with(shortest, {"--ids", "1,2,3", "--ids", "9", "--images", "4"})).floats("tokens") == tokens);
  std::vector<float> const one = dump_of(with(shortest, {"--ids", "1,2,3"})).floats("tokens");
  CHECK(std::equal(one.begin(), one.end(), tokens.begin()));
  CHECK(dump_of(with(two, {"--seed", "1"})).floats("tokens") != tokens);
  CHECK(dump_of(with(two, {"--unconditional-ids", "4"})).floats("tokens") != tokens);
  CHECK(dump_of(with(two, {"--guidance-scale", "2"})).floats("tokens") != tokens);
  CHECK(dump_of(with(two, {"--backbone", "bf16"})).floats("tokens") != tokens);
  CHECK(dump_of(with(shortest, {"--image-size", "96x64", "--guidance", "none"})).shape("vae_input") ==
        std::vector<std::int64_t>{1, 16, 4, 6});
}

TEST_CASE("harmon program: a padded prompt is the prompt without its padding") {
  test::temporary_folder const folder;
  bad_input::put(folder / "plain.jsonl", R"({"prompt": "x", "ids": [7, 8, 9], "unconditional_ids": [3]})"
                                         "\n");
  bad_input::put(folder / "padded.jsonl",
                 "\n"
                 R"({"ids": [7, 8, 9, 0, 0], "attention_mask": [1, 1, 1, 0, 0],)"
                 R"( "unconditional_ids": [3, 0], "unconditional_attention_mask": [1, 0]})");
  auto const tokens = [&](char const* file) {
    return dump_of(with(shortest, {"--prompts", (folder / file).string()})).floats("tokens");
  };
  CHECK(tokens("plain.jsonl") == tokens("padded.jsonl"));
}

TEST_CASE("harmon program: a VAE makes pictures, the same in all outputs and however they are drawn") {
  test::temporary_folder const folder;
  std::string const vae = bad_input::put_tiny_vae(folder.path(), 16, 5).string();
  bad_input::put(folder / "p.jsonl", R"({"prompt": "two red cubes", "tag": "counting", "include": [{"count": 2}],)"
                                     R"( "ids": [5, 6], "attention_mask": [1, 0]})"
                                     "\n"
                                     R"({"prompt": "a bag"})"
                                     "\n");
  std::vector<std::string> const drawn =
      with(shortest, {"--prompts", (folder / "p.jsonl").string(), "--images-per-prompt", "2", "--vae", vae});
  auto const inside = [&](char const* name) { return (folder / name).string(); };
  test::outcome const run =
      harmon(with(drawn, {"--out", inside("o.png"), "--out-npz", inside("o.npz"), "--out-folder", inside("o"),
                          "--out-geneval", inside("g"), "--dump", inside("o.safetensors")}));
  INFO(run.errors);
  REQUIRE(run.status == 0);
  CHECK(bad_input::has(run.output, "UNTRAINED"));
  CHECK_FALSE(bad_input::has(run.output, "not decoded"));
  CHECK(bad_input::has(run.output, "s in the VAE's decoder"));
  CHECK(bad_input::has(run.output, " images/s\n"));
  CHECK(bad_input::get(folder / "o.png").starts_with("\x89PNG"));

  test::npz_array const array = test::read_npz(folder / "o.npz");
  CHECK(array.shape == std::vector<std::int64_t>{4, 128, 128, 3});
  // by the decoder's own way from the dumped tokens
  examples::vae_decoder const decoder(vae);
  examples::vae_pictures const made(decoder, {8, 8, 16, 1, 16}, vae);
  std::vector<float> const pixels =
      made(examples::host_executor(2), safetensors::read(folder / "o.safetensors").floats("tokens", {4, 64, 16}));
  char const* const samples[] = {"00000/samples/0000.png", "00000/samples/0001.png", "00001/samples/0000.png",
                                 "00001/samples/0001.png"};
  for (int i = 0; i < 4; ++i) {
    examples::picture const one = examples::image_of({pixels, 4, 3, 128, 128}, i);
    CHECK(std::ranges::equal(
        one.samples(), std::span(array.values).subspan(static_cast<std::size_t>(i) * 128 * 128 * 3, 128 * 128 * 3)));
    std::vector<std::byte> const png = examples::encode_png(one);
    std::string const bytes(reinterpret_cast<char const*>(png.data()), png.size());
    CHECK(bad_input::get(folder / ("o/00000" + std::to_string(i) + ".png")) == bytes);
    CHECK(bad_input::get(folder / "g" / samples[i]) == bytes);
  }
  CHECK(nlohmann::json::parse(bad_input::get(folder / "g/00000/metadata.jsonl")) ==
        nlohmann::json::parse(R"({"prompt": "two red cubes", "tag": "counting", "include": [{"count": 2}]})"));
  CHECK(bad_input::get(folder / "g/00001/metadata.jsonl") == "{\"prompt\":\"a bag\"}\n");
  auto const files = std::filesystem::recursive_directory_iterator(folder / "g");
  CHECK(std::distance(begin(files), end(files)) == 2 * (1 + 1 + 1 + 2));  // folder, metadata, samples and two pictures

  test::outcome const again =
      harmon(with(drawn, {"--threads", "1", "--batch", "3", "--quiet", "--out-npz", inside("again.npz")}));
  CHECK(again.status == 0);
  CHECK(again.output.empty());
  CHECK(test::read_npz(folder / "again.npz").values == array.values);

  // by shards, of which one begins amid a prompt; then all together, with a picture made again of its part
  std::vector<std::string> const parts = with(drawn, {"--quiet", "--out-shards", inside("parts")});
  std::vector<std::string> const to_geneval{"--out-geneval", inside("shared")};
  for (char const* shard : {"2/3", "1/3", "0/3"}) {
    test::outcome const one = harmon(with(with(parts, to_geneval), {"--shard", shard}));
    INFO(one.errors);
    CHECK(one.status == 0);
  }
  auto const check_shared = [&] {
    for (char const* file : samples)
      CHECK(bad_input::get(folder / "shared" / file) == bad_input::get(folder / "g" / file));
    for (char const* file : {"00000/metadata.jsonl", "00001/metadata.jsonl"})
      CHECK(bad_input::get(folder / "shared" / file) == bad_input::get(folder / "g" / file));
  };
  check_shared();
  std::filesystem::remove(folder / "shared/00001/samples/0000.png");
  bad_input::put(folder / "shared/00001/samples/.ardent-1-1-0001.png.tmp", "half");
  test::outcome const gathered =
      harmon(with(with(parts, to_geneval), {"--gather", "--out", inside("s.png"), "--out-npz", inside("s.npz"),
                                            "--dump", inside("s.safetensors")}));
  INFO(gathered.errors);
  CHECK(gathered.status == 0);
  check_shared();
  CHECK(!std::filesystem::exists(folder / "shared/00001/samples/.ardent-1-1-0001.png.tmp"));
  for (std::string const ending : {".png", ".npz", ".safetensors"})
    CHECK(bad_input::get(folder / ("s" + ending)) == bad_input::get(folder / ("o" + ending)));
}

TEST_CASE("harmon program: pictures need a decoder that fits, GenEval a text, and folders are empty") {
  test::temporary_folder const folder;
  std::string const vae = bad_input::put_tiny_vae(folder.path(), 16, 5).string();
  check_refused(with(shortest, {"--out-npz", "o.npz"}), {"--out-npz", "--vae"});
  check_refused(with(shortest, {"--out-folder", "o"}), {"--out-folder", "--vae"});
  check_refused(with(shortest, {"--out-geneval", "g"}), {"--out-geneval", "--vae"});
  check_refused(with(shortest, {"--vae-config", "v.json"}), {"--vae-config", "--vae too"});
  check_refused(with(shortest, {"--vae", (folder / "none.safetensors").string()}), {"none"});
  check_refused(with(shortest, {"--ids", "1", "--vae", vae, "--out-geneval", (folder / "g").string()}),
                {"--out-geneval", "text"});
  check_refused(with(shortest, {"--vae", vae, "--out-geneval", folder.path().string()}), {"empty"});
  check_refused(with(shortest, {"--vae", vae, "--out-geneval", (folder / "g").string(), "--out-folder",
                                (folder / "./g").string()}),
                {"--out-geneval", "--out-folder"});
  test::temporary_folder const other;
  std::string const flat = bad_input::put_tiny_vae(other.path(), 16, 1).string();
  check_refused(with(shortest, {"--vae", flat}), {"16 pixels a latent", "1"});
  std::string const narrow = bad_input::put_tiny_vae(other.path(), 4, 5).string();
  check_refused(with(shortest, {"--vae", narrow}), {"16 latent channels", "4"});
  CHECK_FALSE(std::filesystem::exists(folder / "g"));
}

TEST_CASE("harmon program: files of prompts that are not as they have to be") {
  check_file_refused("", "none");
  check_file_refused("{\"prompt\": \"a\"}\n[1]\n", "line 2");
  check_file_refused("{\"text\": \"a\"}", "line 1");
  check_file_refused("{\"prompt\": 3}", "prompt");
  check_file_refused("{\"ids\": []}", "ids");
  check_file_refused("{\"ids\": [1, 2.5]}", "2.5");
  check_file_refused("{\"ids\": [-1]}", "-1");
  check_file_refused("{\"ids\": [1, 2], \"attention_mask\": [1]}", "attention_mask");
  check_file_refused("{\"ids\": [1, 2], \"attention_mask\": [0, 1]}", "attention_mask");
  check_file_refused("{\"ids\": [1, 2], \"attention_mask\": [0, 0]}", "attention_mask");
  check_file_refused("{\"ids\": [1], \"attention_mask\": 1}", "attention_mask");
  check_file_refused("{\"ids\": [1], \"unconditional_ids\": [2]}\n{\"ids\": [1], \"unconditional_ids\": [3]}",
                     "line 2");
  check_file_refused("{\"prompt\": \"a\"", "line 1");
}

TEST_CASE("harmon program: options that are wrong or do not go together") {
  check_refused({}, {"--weights", "--untrained"});
  check_refused({"--untrained", "x"}, {"--untrained"});
  check_refused(with(shortest, {"--weights", "w.safetensors"}), {"--untrained"});
  check_refused({"--weights", "w.safetensors"}, {"--prompts"});
  check_refused({"--weights", "w.safetensors", "--ids", "1"}, {"--unconditional-ids", "--guidance none"});
  check_refused({"--weights", "w.safetensors", "--ids", "1", "--guidance", "none"}, {"w.json"});
  check_refused(with(shortest, {"--ids", "1,,2"}), {"--ids"});
  check_refused(with(shortest, {"--ids", "1,256"}), {"--ids", "0 to 255", "256"});
  check_refused(with(shortest, {"--ids", "1", "--prompts", "p.jsonl"}), {"--ids", "--prompts"});
  check_refused(with(shortest, {"--unconditional-ids", "300"}), {"--unconditional-ids", "300"});
  check_refused(with(shortest, {"--image-size", "100"}), {"--image-size", "multiples of 16", "100"});
  check_refused(with(shortest, {"--image-size", "64x"}), {"--image-size"});
  check_refused(with(shortest, {"--image-size", "4096"}), {"--image-size", "2048"});
  check_refused({"--untrained", "1", "--ar-steps", "65"}, {"--ar-steps", "1 to 64"});
  check_refused({"--untrained", "1", "--steps", "5:50"}, {"--steps"});
  check_refused(with(shortest, {"--guidance", "cosine"}), {"--guidance"});
  check_refused(with(shortest, {"--backbone", "int8"}), {"--backbone"});
  check_refused(with(shortest, {"--images-per-prompt", "0"}), {"--images-per-prompt"});
  check_refused(with(shortest, {"--images", "2", "--images-per-prompt", "2"}), {"--images", "--images-per-prompt"});
  check_refused(with(shortest, {"--ids", "1", "--ids", "2", "--images", "3"}), {"--images", "a multiple of 2", "3"});
  check_refused(with(shortest, {"--prompts", "/nowhere/p.jsonl"}), {"/nowhere/p.jsonl"});
  check_refused(with(shortest, {"--label", "1"}), {"--label"});
  test::temporary_folder const folder;
  bad_input::put(folder / "text.jsonl", "{\"prompt\": \"a cat\"}\n");
  std::string const file = (folder / "text.jsonl").string();
  check_refused({"--weights", "w.safetensors", "--prompts", file}, {"line 1", "prompts_to_ids.py"});
  test::outcome const over = harmon(with(shortest, {"--prompts", file, "--dump", file}));
  CHECK(over.status == 2);
  CHECK(bad_input::has(over.errors, "the prompts"));
  CHECK(bad_input::get(file) == "{\"prompt\": \"a cat\"}\n");
}
