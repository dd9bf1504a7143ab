// SPDX-License-Identifier: Apache-2.0
//
// The program harmon: one command from a prompt to an untrained picture, prompts from files, and what it refuses.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "common/safetensors.hpp"
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
