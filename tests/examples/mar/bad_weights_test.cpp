// SPDX-License-Identifier: Apache-2.0
//
// The program mar with weights that are not as they have to be: one line that names the file, what was expected and
// what was found, status 2, and no output. And with weights that are, but overflow: it draws, and says so.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../common/bad_safetensors.hpp"
#include "mar_program.hpp"

using examples::mar::model_files;
using mar_program::check_refused;

namespace {

// What mar says of a weights file with these bytes.
void check_bytes(std::string const& bytes, std::vector<std::string> parts) {
  test::temporary_folder const folder;
  std::string const file = (folder / "w.safetensors").string();
  bad_input::put(file, bytes);
  parts.push_back(file + ": expected ");
  parts.push_back(", found ");
  check_refused({"--config", model_files::shipped().config.string(), "--weights", file}, parts);
}

using shape = std::vector<std::int64_t>;
using floats = std::vector<float>;
using writer = examples::safetensors_writer;

// What mar says of the shipped model with this tensor changed.
template <class Add>
void check_tensor(std::string const& name, Add const& add, std::vector<std::string> parts) {
  test::temporary_folder const folder;
  std::string const file = (folder / "w.safetensors").string();
  mar_program::write_changed(file, name, add);
  parts.insert(parts.end(), {file, name, "expected ", "found "});
  check_refused({"--config", model_files::shipped().config.string(), "--weights", file}, parts);
}

// One tensor of the backbone and one of the head: they are read by different code.
constexpr char const* tensors[] = {"encoder_blocks.1.attn.qkv.bias", "diffloss.net.res_blocks.2.mlp.0.weight"};

}  // namespace

TEST_CASE("mar: truncated weights, at every part of the file") {
  std::string const whole = bad_input::get(model_files::shipped().weights);
  for (std::size_t const size :
       {std::size_t{0}, std::size_t{5}, std::size_t{2000}, whole.size() / 2, whole.size() - 1}) {
    check_bytes(whole.substr(0, size), {});
  }
  check_bytes(whole + "x", {});
}

TEST_CASE("mar: garbage for weights") {
  check_bytes(std::string(100'000, '\xa5'), {});
  check_bytes("this is not a safetensors file, but it is long enough for one", {});
  check_bytes(bad_input::with_header("{\"a\": [}"), {});
  check_bytes(bad_input::get(model_files::shipped().config), {});
}

TEST_CASE("mar: a header longer than the file") {
  check_bytes(bad_input::with_header("{}", "", 1000), {"1000"});
  check_bytes(bad_input::with_header("{}", "", UINT64_MAX), {});
  std::string whole = bad_input::get(model_files::shipped().weights);
  whole[5] = '\x7f';  // the header's length, in its upper bytes
  check_bytes(whole, {});
}

TEST_CASE("mar: a missing tensor") {
  for (char const* name : tensors) {
    check_tensor(name, [](writer&, shape const&, floats const&) {}, {});
  }
}

TEST_CASE("mar: a tensor of the wrong shape") {
  for (char const* name : tensors) {
    check_tensor(name,
                 [&](writer& w, shape s, floats v) {
                   s[0] -= 1;
                   v.resize(v.size() / static_cast<std::size_t>(s[0] + 1) * static_cast<std::size_t>(s[0]));
                   w.add(name, s, std::span<float const>(v));
                 },
                 {});
    check_tensor(name,
                 [&](writer& w, shape s, floats const& v) {
                   s.insert(s.begin(), 1);
                   w.add(name, s, std::span<float const>(v));
                 },
                 {});
  }
}

TEST_CASE("mar: a tensor of the wrong dtype") {
  for (char const* name : tensors) {
    check_tensor(name,
                 [&](writer& w, shape const& s, floats const& v) {
                   std::vector<std::int64_t> const integers(v.size(), 1);
                   w.add(name, s, std::span<std::int64_t const>(integers));
                 },
                 {"I64"});
  }
}

TEST_CASE("mar: NaN and infinity in the weights") {
  for (char const* name : tensors) {
    for (float const bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
      check_tensor(name,
                   [&](writer& w, shape const& s, floats v) {
                     v[7] = bad;
                     w.add(name, s, std::span<float const>(v));
                   },
                   {"7"});
    }
  }
}

TEST_CASE("mar: weights that do not exist, or are no file") {
  std::string const config = model_files::shipped().config.string();
  check_refused({"--weights", "/nowhere/w.safetensors", "--config", config},
                {"/nowhere/w.safetensors", "no such file"});
  test::temporary_folder const folder;
  check_refused({"--weights", folder.path().string(), "--config", config}, {folder.path().string(), "directory"});
}

TEST_CASE("mar: outputs of the head that overflow are counted, and said beside the cost") {
  test::temporary_folder const folder;
  std::string const file = (folder / "w.safetensors").string();
  mar_program::write_changed(file, "diffloss.net.final_layer.linear.bias", [](writer& w, shape const& s, floats v) {
    v[0] = 3e38f;  // finite, as the first output is then; what comes of it is not
    w.add("diffloss.net.final_layer.linear.bias", s, std::span<float const>(v));
  });
  std::string const said = "outputs of the head were infinite or no numbers\n";
  std::string const config = model_files::shipped().config.string();
  for (std::vector<std::string> const& how :
       std::vector<std::vector<std::string>>{{}, {"--head", "bf16"}, {"--head", "int8"}, {"--cache", "all"}}) {
    std::vector<std::string> arguments = mar_program::shortest();
    arguments.insert(arguments.end(), {"--config", config, "--dump", (folder / "tokens.safetensors").string()});
    arguments.insert(arguments.end(), how.begin(), how.end());
    test::outcome const fine = mar_program::run("ARDENT_MAR", arguments);
    CHECK(fine.status == 0);
    CHECK(fine.output.find(said) == std::string::npos);
    arguments.insert(arguments.end(), {"--weights", file});
    test::outcome const result = mar_program::run("ARDENT_MAR", arguments);
    CAPTURE(result.errors);
    CHECK(result.status == 0);
    CHECK(result.output.find(said) != std::string::npos);
  }
}
