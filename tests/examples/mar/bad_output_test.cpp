// SPDX-License-Identifier: Apache-2.0
//
// The program mar where its results cannot be written: before it draws where that can be known, and with nothing left
// behind, not even of an older file, where it shows at the end.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "mar_program.hpp"

namespace fs = std::filesystem;

namespace {

test::outcome draw_to(char const* option, std::string const& file, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = mar_program::shortest();
  arguments.insert(arguments.end(), {option, file});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return mar_program::run("ARDENT_MAR", arguments);
}

}  // namespace

TEST_CASE("mar: outputs that cannot be written are refused before it draws") {
  test::temporary_folder const folder;
  for (char const* option : {"--out", "--dump"}) {
    for (std::string const& file : {(folder / "missing/file").string(), folder.path().string(), std::string()}) {
      test::outcome const result = draw_to(option, file);
      mar_program::check_refusal(result, {file, "expected ", "found "});
      CHECK(result.output.empty());  // no progress
    }
  }
  CHECK(folder.entries() == 0);
  std::string const file = (folder / "same").string();
  mar_program::check_refusal(draw_to("--out", file, {"--dump", file}), {file, "the picture"});
  // the same file by another way
  mar_program::check_refusal(draw_to("--out", file, {"--dump", (folder / "." / "same").string()}), {"the picture"});
  CHECK(folder.entries() == 0);
}

TEST_CASE("mar: an output that is an input is refused, and the input stays") {
  test::temporary_folder const folder;
  fs::path const weights = folder / "copy.safetensors", config = folder / "copy.json", link = folder / "link";
  auto const shipped = examples::mar::model_files::shipped();
  fs::copy(shipped.weights, weights);
  fs::copy(shipped.config, config);
  fs::create_hard_link(weights, link);
  auto const size = fs::file_size(weights);
  std::vector<std::string> const inputs{"--weights", weights.string(), "--config", config.string()};
  mar_program::check_refusal(draw_to("--dump", weights.string(), inputs), {"copy.safetensors", "the weights"});
  mar_program::check_refusal(draw_to("--dump", link.string(), inputs), {"link", "the weights"});
  mar_program::check_refusal(draw_to("--out", config.string(), inputs), {"copy.json", "the configuration"});
  CHECK(fs::file_size(weights) == size);
  CHECK(folder.entries() == 3);
}

TEST_CASE("mar: outputs without permission") {
  test::temporary_folder const folder;
  fs::permissions(folder.path(), fs::perms(0755));
  int const result = bad_input::in_child([&] {
    if (::getuid() == 0 && ::setuid(65534) != 0) return 1;  // root may write anywhere
    test::outcome const refused = draw_to("--out", (folder / "file").string());
    return refused.status == 2 && bad_input::has(refused.errors, "Permission denied") ? 0 : 3;
  });
  bool const own = ::getuid() != 0;  // a user owns the folder, so there the file is written
  CHECK(result == (own ? 3 : 0));
  CHECK(folder.entries() == (own ? 1 : 0));
}

TEST_CASE("mar: a device without room") {
  for (char const* option : {"--out", "--dump"}) {
    mar_program::check_refusal(draw_to(option, "/dev/full"), {"/dev/full", "No space left on device"});
  }
}

TEST_CASE("mar: standard output without room for the report") {
  auto const program = test::program("ARDENT_MAR");
  REQUIRE(program);
  std::vector<std::string> command = {"/bin/sh", "-c", "exec \"$0\" \"$@\" --dump /dev/null >/dev/full",
                                      program->string()};
  for (std::string const& word : mar_program::shortest()) command.push_back(word);
  mar_program::check_refusal(test::run(command), {"standard output", "No space left on device"});
}

TEST_CASE("mar: a full disk leaves an older file as it was") {
  test::temporary_folder const folder;
  constexpr int not_possible = 77;
  // A file system of 64 KiB in a name space of its own, gone with the child process.
  int const result = bad_input::in_child([&] {
    int const own = ::getuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS;
    if (::unshare(own) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      return not_possible;
    }
    fs::path const file = folder / "tokens.safetensors";
    bad_input::put(file, "old");
    test::outcome const full = draw_to("--dump", file.string(), {"--images", "30"});
    if (full.status != 2 || !bad_input::has(full.errors, file.string())) return 1;
    if (!bad_input::has(full.errors, "No space left on device")) return 2;
    if (std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) != 1) return 3;
    return fs::file_size(file) == 3 ? 0 : 4;
  });
  if (result == not_possible) return test::skip("no right to mount a small file system");
  CHECK(result == 0);
}
