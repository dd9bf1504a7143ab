// SPDX-License-Identifier: Apache-2.0
//
// The program mar asked for a GPU where there is none, or where the build has no CUDA: one sentence, status 1, and no
// file, not even half of one. Where there is a GPU it draws.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "mar_program.hpp"

namespace {

constexpr char const* not_built = "error: --device: expected host, found cuda in a program built without it. ";
constexpr char const* no_gpu = "error: ardent::cuda: ";

test::outcome draw_on_gpu(test::temporary_folder const& folder, std::vector<std::string> arguments) {
  std::vector<std::string> const shortest = mar_program::shortest();
  arguments.insert(arguments.end(), shortest.begin(), shortest.end());
  arguments.insert(arguments.end(), {"--device", "cuda", "--out", (folder / "out.png").string(), "--dump",
                                     (folder / "dump.safetensors").string()});
  return mar_program::run("ARDENT_MAR", arguments);
}

}  // namespace

TEST_CASE("mar --device cuda: without a GPU it says so and leaves nothing") {
  for (std::vector<std::string> const& chosen : {std::vector<std::string>{},
                                                 {"--head", "bf16"},
                                                 {"--backbone", "bf16"},
                                                 {"--head", "bf16", "--backbone", "bf16"}}) {
    test::temporary_folder const folder;
    test::outcome const result = draw_on_gpu(folder, chosen);
    CAPTURE(result.errors);
    if (result.status == 0) {  // there is a GPU
      CHECK(folder.entries() == 2);
      CHECK(result.errors.empty());
      continue;
    }
    CHECK(result.status == 1);
    CHECK((result.errors.starts_with(not_built) || result.errors.starts_with(no_gpu)));
    CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
    CHECK(result.errors.ends_with(".\n"));
    if (result.errors.starts_with(no_gpu)) CHECK(bad_input::has(result.errors, " failed with cudaError"));
    CHECK(result.output.empty());
    CHECK(folder.entries() == 0);
  }
}

TEST_CASE("mar --device cuda: a file that is there stays as it was") {
  test::temporary_folder const folder;
  std::string const old = (folder / "out.png").string();
  bad_input::put(old, "an older picture");
  test::outcome const result = draw_on_gpu(folder, {});
  if (result.status == 0) return;  // there is a GPU: it was to be replaced
  CHECK(result.status == 1);
  CHECK(bad_input::get(old) == "an older picture");
  CHECK(folder.entries() == 1);
}

TEST_CASE("mar --device and --backbone: words that there are not") {
  mar_program::check_refused({"--device", "gpu"}, {"--device: expected host or cuda, found \"gpu\""});
  mar_program::check_refused({"--device", ""}, {"--device: expected host or cuda"});
  mar_program::check_refused({"--backbone", "float16"}, {"--backbone: expected float32 or bf16, found \"float16\""});
}

TEST_CASE("mar --device host is what it does without being told") {
  std::vector<std::string> told = mar_program::shortest();
  auto const silent = mar_program::draw(told).floats("tokens");
  told.insert(told.end(), {"--device", "host", "--backbone", "float32"});
  CHECK(mar_program::draw(told).floats("tokens") == silent);
}
