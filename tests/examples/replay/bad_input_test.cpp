// SPDX-License-Identifier: Apache-2.0
//
// The replay program on input that is not as it has to be: one line that names the file, status 2, no output file.
#include "recordings.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace {

using namespace recordings;

/// Runs the program with a dump into the folder and checks that it refuses cleanly. Returns the message.
std::string refusal(test::temporary_folder const& folder, std::vector<std::string> arguments) {
  std::size_t const before = folder.entries();
  arguments.insert(arguments.end(), {"--dump", (folder / "out").string()});
  test::outcome const run = replay(arguments);
  INFO(run.output << run.errors);
  CHECK(run.status == 2);
  CHECK(run.errors.starts_with("error: "));
  CHECK(count(run.errors, "\n") == 1);
  CHECK(run.errors.ends_with("\n"));
  CHECK(folder.entries() == before);
  return run.errors;
}

bool says(std::string const& message, std::vector<std::string> const& parts) {
  return std::all_of(parts.begin(), parts.end(),
                     [&](std::string const& part) { return message.find(part) != std::string::npos; });
}

TEST_CASE("replay: bad files") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  std::string const copy = (folder / "mar_tiny").string();
  CHECK(says(refusal(folder, {copy}), {"mar_tiny.json"}));  // no such file

  fs::copy(file("mar_tiny.json"), folder / "mar_tiny.json");
  CHECK(says(refusal(folder, {copy}), {"mar_tiny.safetensors"}));

  fs::copy(file("mar_tiny.safetensors"), folder / "mar_tiny.safetensors");
  fs::permissions(folder / "mar_tiny.safetensors", fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(folder / "mar_tiny.safetensors", fs::file_size(folder / "mar_tiny.safetensors") - 1000);
  CHECK(says(refusal(folder, {copy}), {"mar_tiny.safetensors", "expected", "found"}));

  fs::remove(folder / "mar_tiny.safetensors");
  copy_without(file("mar_tiny.safetensors"), folder / "mar_tiny.safetensors",
               [](std::string const& name) { return name == "case_a.step02.draw003"; });
  CHECK(says(refusal(folder, {copy}), {"mar_tiny.safetensors", "case_a.step02.draw003"}));

  fs::permissions(folder / "mar_tiny.json", fs::perms::owner_write, fs::perm_options::add);
  fs::resize_file(folder / "mar_tiny.json", 1000);
  CHECK(says(refusal(folder, {copy}), {"mar_tiny.json"}));

  examples::write_json(folder / "mar_tiny.json", {{"cases", nlohmann::json::array()}});
  CHECK(says(refusal(folder, {copy}), {"mar_tiny.json", "expected", "found"}));
}

TEST_CASE("replay: bad tensors") {
  if (!have_program()) return;
  examples::safetensors const all = examples::safetensors::read(file("mar_tiny.safetensors"));
  auto const with = [&](test::temporary_folder const& folder, std::string const& changed, auto const& shape,
                        auto const& values) {
    fs::copy(file("mar_tiny.json"), folder / "mar_tiny.json");
    examples::safetensors_writer writer;
    for (std::string const& name : all.names())
      if (name != changed) copy_tensor(all, name, writer);
    writer.add(changed, shape, std::span(values));
    writer.write(folder / "mar_tiny.safetensors");
    return says(refusal(folder, {(folder / "mar_tiny").string()}), {"mar_tiny.safetensors", changed});
  };
  std::string const weight = "diffloss.net.input_proj.weight", orders = "case_a.orders", init = "case_a.step00.init";
  {
    test::temporary_folder const folder;
    std::vector<float> values = all.floats(weight);
    values[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK(with(folder, weight, all.shape(weight), values));
  }
  {
    test::temporary_folder const folder;
    std::vector<std::int64_t> values = all.integers(orders);
    values[1] = values[0];  // not a permutation
    CHECK(with(folder, orders, all.shape(orders), values));
  }
  {
    test::temporary_folder const folder;
    std::vector<float> values = all.floats(init);
    CHECK(with(folder, init, std::vector<std::int64_t>{static_cast<std::int64_t>(values.size())}, values));
  }
}

TEST_CASE("replay: bad numbers") {
  if (!have_program()) return;
  auto const changed = [](std::string const& key, nlohmann::json const& value) {
    test::temporary_folder const folder;
    std::string const copy =
        copy_changed(folder, "mar_tiny", [&](nlohmann::json& document) { case_of(document, "case_a")[key] = value; });
    INFO(key << " = " << value);
    std::string const message = refusal(folder, {copy});
    CHECK(says(message, {"mar_tiny"}));
    return message;
  };
  CHECK(says(changed("num_iter", 65), {"num_iter", "65"}));  // more AR steps than tokens
  CHECK(says(changed("diff_upper_steps", 2000), {"case_a"}));
  CHECK(says(changed("diff_annealing_strategy", "steep"), {"steep"}));
  CHECK(says(changed("diff_sampler", "Euler"), {"Euler"}));
  CHECK(says(changed("labels", {3, 7, 10}), {"10"}));
  CHECK(says(changed("labels", {3, 7}), {"labels"}));
  CHECK(says(changed("cfg", -1), {"case_a"}));
  CHECK(says(changed("cfg", "2.5"), {"cfg"}));
  CHECK(says(changed("temperature", -0.5), {"case_a"}));
}

TEST_CASE("replay: bad arguments") {
  if (!have_program()) return;
  std::string const mar = stem("mar_tiny");
  test::temporary_folder const folder;
  CHECK(says(refusal(folder, {mar, "case_z"}), {"case_z"}));
  CHECK(says(refusal(folder, {mar, "--tolerances", "1"}), {"--tolerances"}));
  CHECK(says(refusal(folder, {mar, "--tolerance", "small"}), {"small"}));
  CHECK(says(refusal(folder, {file("schedules.json").string(), "case_a"}), {"case_a"}));
  CHECK(replay({}).status == 2);
  CHECK(replay({"--help"}).status == 0);

  test::outcome const nowhere = replay({mar, "case_a", "--dump", (folder / "missing" / "out").string()});
  CHECK(nowhere.status == 2);
  CHECK(says(nowhere.errors, {"missing"}));
  std::string const copy = copy_changed(folder, "mar_tiny", [](nlohmann::json&) {});
  for (char const* input : {"mar_tiny.json", "mar_tiny.safetensors"}) {
    auto const size = fs::file_size(folder / input);
    test::outcome const over = replay({copy, "case_a", "--dump", (folder / input).string()});
    CHECK(over.status == 2);
    CHECK(says(over.errors, {input, "another file than the recording"}));
    CHECK(fs::file_size(folder / input) == size);
  }
  test::outcome const full = replay({mar, "case_a", "--dump", "/dev/full"});
  CHECK(full.status == 2);
  CHECK(says(full.errors, {"/dev/full"}));
}

}  // namespace
