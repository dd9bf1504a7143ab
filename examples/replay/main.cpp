// SPDX-License-Identifier: Apache-2.0
//
// replay: runs recordings of published code through ardent, from their weights, noise and orders alone, and prints how
// far the results are from the recorded ones.
#include "flowar.hpp"
#include "harmon.hpp"
#include "mar.hpp"
#include "schedules.hpp"
#include "trajectories.hpp"
#include "xar.hpp"

#include "common/atomic_file.hpp"
#include "common/command_line.hpp"
#include "common/error.hpp"
#include "common/program.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace examples::replay;

constexpr int too_large = 1;

struct arguments {
  std::string stem;
  std::vector<std::string> cases;
  std::optional<fs::path> dump;
  double tolerance = 2e-4;
};

/// The JSON file: the stem itself, if it names one.
fs::path json_file(std::string const& stem) {
  return stem.ends_with(".json") ? fs::path(stem) : fs::path(stem + ".json");
}

bool replay(arguments const& given) {
  const fs::path file = json_file(given.stem);
  nlohmann::json document = examples::read_json(file);
  if (given.dump) {
    examples::check_writable(*given.dump);
    examples::check_other_file(*given.dump, file, "the recording");
    examples::check_other_file(*given.dump, fs::path(file).replace_extension(".safetensors"), "the recording");
  }
  if (holds_schedules(document)) {
    if (!given.cases.empty())
      examples::fail(file, "no case names for a file of tables",
                     "\"" + examples::printable(given.cases.front()) + "\"");
    return replay_schedules(file, given.dump);
  }
  const auto replay_document = holds_mar(document)            ? replay_mar
                               : holds_flowar(document)       ? replay_flowar
                               : holds_xar(document)          ? replay_xar
                               : holds_harmon(document)       ? replay_harmon
                               : holds_trajectories(document) ? replay_trajectories
                                                              : nullptr;
  if (replay_document == nullptr)
    examples::fail(file, "a recording of mar_tiny, flowar_tiny, xar_tiny, harmon_tiny, trajectories or schedules",
                   "something else");
  const ardent::executor::host executor;
  const request what{given.cases, given.tolerance, executor};
  const recording from{file, std::move(document),
                       examples::safetensors::read(fs::path(file).replace_extension(".safetensors"))};
  examples::safetensors_writer dump;
  const bool passed = replay_document(from, what, dump);
  if (given.dump) dump.write(*given.dump);
  return passed;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] {
    arguments given;
    CLI::App app(
        "Runs recordings of published samplers through ardent and prints how far the results are from theirs.");
    app.add_option("STEM", given.stem, "the recording: STEM.json and STEM.safetensors, or schedules.json")->required();
    app.add_option("CASE", given.cases, "cases to run; all if none is named");
    examples::add_file(app, "--dump", given.dump, "write the results here: safetensors, or JSON for schedules.json");
    examples::add_number(
        app, "--tolerance", given.tolerance, 0.0, 1e9,
        "largest absolute difference, 2e-4 if not given (for samplers that start at the last training "
        "step: twice the largest median; for diffusers: twice the largest relative one; for harmon_tiny: "
        "over the tensor's largest value, if that is above 1)");
    app.footer("Exit status: 0 if all cases are within the tolerance, 1 if one is not, 2 on bad input.");
    if (!examples::parse_command_line(app, argc, argv)) return 0;
    return replay(given) ? 0 : too_large;
  });
}
