// SPDX-License-Identifier: Apache-2.0
//
// Files are written whole or not at all, and a failure says why.
#include "common/files/atomic_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "bad_input.hpp"
#include "support/environment.hpp"

namespace fs = std::filesystem;
using bad_input::get;
using bad_input::has;
using examples::write_atomically;

namespace {

std::string complaint(fs::path const& file, std::string_view content = "text") {
  return bad_input::complaint(file, [&] { write_atomically(file, content); });
}

}  // namespace

TEST_CASE("write_atomically: makes a file, replaces it, and leaves nothing else") {
  test::temporary_folder const folder;
  ::mode_t const mask = ::umask(027);
  write_atomically(folder / "a", std::string_view("first"));
  ::umask(mask);
  CHECK(get(folder / "a") == "first");
  CHECK(fs::status(folder / "a").permissions() == fs::perms(0640));
  fs::permissions(folder / "a", fs::perms(0604));
  write_atomically(folder / "a", std::string_view("second\0one", 10));
  CHECK(get(folder / "a") == std::string("second\0one", 10));
  CHECK(fs::status(folder / "a").permissions() == fs::perms(0604));
  write_atomically(folder / "a", std::string_view());
  CHECK(get(folder / "a").empty());
  CHECK(folder.entries() == 1);
}

TEST_CASE("write_atomically: a bare name goes to the current directory, a link keeps linking") {
  test::temporary_folder const folder;
  fs::path const before = fs::current_path();
  fs::current_path(folder.path());
  write_atomically("bare", std::string_view("1"));
  fs::current_path(before);
  CHECK(get(folder / "bare") == "1");
  fs::create_directory(folder / "sub");
  fs::create_symlink("../bare", folder / "sub/link");
  write_atomically(folder / "sub/link", std::string_view("2"));
  CHECK(fs::is_symlink(folder / "sub/link"));
  CHECK(get(folder / "bare") == "2");
}

TEST_CASE("check_other_file: one file is one file under whatever name") {
  test::temporary_folder const folder;
  fs::path const file = folder / "file", other = folder / "other", link = folder / "link", hard = folder / "hard";
  auto const complains = [](fs::path const& output, fs::path const& input) {
    return !bad_input::complaint(output, [&] { examples::check_other_file(output, input, "the input"); }).empty();
  };
  CHECK_NOTHROW(examples::check_other_file(file, other, "the input"));
  CHECK(complains(file, file));  // neither exists
  CHECK(complains(file, folder / "." / "file"));
  write_atomically(file, "text");
  fs::create_symlink(file, link);
  fs::create_hard_link(file, hard);
  CHECK(complains(file, file));
  CHECK(complains(link, file));
  CHECK(complains(hard, file));
  CHECK_NOTHROW(examples::check_other_file(other, file, "the input"));
  CHECK_NOTHROW(examples::check_other_file("/dev/null", "/dev/null", "the input"));
}

TEST_CASE("write_atomically: paths that cannot be written") {
  test::temporary_folder const folder;
  write_atomically(folder / "file", std::string_view("x"));
  fs::create_directory(folder / "directory");
  fs::create_symlink("nowhere", folder / "dangling");
  CHECK(has(complaint(folder / "directory"), "a directory"));
  CHECK(has(complaint(folder / "missing/file"), "No such file or directory"));
  CHECK(has(complaint(folder / "file/file"), "Not a directory"));
  CHECK(has(complaint(folder / "dangling"), "a link to a file"));
  CHECK(has(complaint(folder / std::string(300, 'n')), "File name too long"));
  CHECK(has(complaint("/proc/ardent"), "a directory to write the file in"));
  CHECK(has(bad_input::message_of([] { write_atomically("", std::string_view("x")); }), "empty name"));
  CHECK(has(complaint((folder / "directory").string() + "/"), "the name of a directory"));
  CHECK(folder.entries() == 3);
  CHECK(fs::is_empty(folder / "directory"));
  for (std::string_view const name : {"directory", "missing/file", "dangling"}) {
    CHECK(bad_input::message_of([&] { examples::check_writable(folder / name); }) != "");
  }
  examples::check_writable(folder / "file");
  examples::check_writable(folder / "new");
  examples::check_writable("/dev/full");
  CHECK(folder.entries() == 3);
}

TEST_CASE("write_atomically: a device is written directly, and a full one is reported") {
  write_atomically("/dev/null", std::string_view("x"));
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(has(complaint("/dev/full"), "No space left on device"));
  CHECK(fs::is_character_file("/dev/full"));
  test::temporary_folder const folder;
  fs::create_symlink("/dev/full", folder / "link");
  CHECK(has(complaint(folder / "link"), "No space left on device"));
  CHECK(folder.entries() == 1);
}
