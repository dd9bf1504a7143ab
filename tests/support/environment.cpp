// SPDX-License-Identifier: Apache-2.0
//
// Looks up the environment that tests/meson.build sets for every test.
#include "environment.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <cstdlib>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace test {

namespace fs = std::filesystem;

namespace {

int skip_count = 0;

std::optional<fs::path> from_environment(std::string_view variable) {
  char const* const value = std::getenv(std::string(variable).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  if (!fs::exists(value)) {
    throw std::runtime_error(std::string(variable) + " names " + value + ", which does not exist");
  }
  return fs::path(value);
}

}  // namespace

fs::path data(std::string_view name) {
  auto const folder = from_environment("ARDENT_TEST_DATA");
  if (!folder) throw std::runtime_error("ARDENT_TEST_DATA is not set; run the tests through ./dev test or meson test");
  fs::path file = *folder / name;
  if (!fs::exists(file)) throw std::runtime_error(file.string() + " is missing from the checkout");
  return file;
}

std::optional<fs::path> goldens() { return from_environment("ARDENT_GOLDENS"); }

std::optional<fs::path> program(std::string_view variable) { return from_environment(variable); }

void skip(std::string_view why) {
  ++skip_count;
  MESSAGE("skipped: " << std::string(why));
}

int skipped() { return skip_count; }

temporary_folder::temporary_folder() {
  std::string name = (fs::temp_directory_path() / "ardent-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder could be made: " + name);
  path_ = name;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::size_t temporary_folder::entries() const {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator{}));
}

}  // namespace test
