// SPDX-License-Identifier: Apache-2.0
//
// replay: runs recordings of published code through ardent, from their weights, noise and orders alone, and prints how
// far the results are from the recorded ones.
#include "cspd.hpp"
#include "far.hpp"
#include "flowar.hpp"
#include "harmon.hpp"
#include "lazymar.hpp"
#include "mar.hpp"
#include "schedules.hpp"
#include "trajectories.hpp"
#include "xar.hpp"

#include "common/error.hpp"
#include "common/files/atomic_file.hpp"
#include "common/program/command_line.hpp"
#include "common/program/program.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace examples::replay;

constexpr int too_large = 1;
constexpr double usual_tolerance = 2e-4;

struct arguments {
  std::string stem;
  std::vector<std::string> cases;
  std::optional<fs::path> dump;
  std::optional<double> tolerance;
};

/// The JSON file: the stem itself, if it names one.
fs::path json_file(std::string const& stem) {
  return stem.ends_with(".json") ? fs::path(stem) : fs::path(stem + ".json");
}

/// A kind of recording with tensors: what it is called, how it is known, how it is run.
struct kind {
  char const* name;
  bool (*holds)(nlohmann::json const& document);
  bool (*replay)(recording const& from, request const& what, examples::safetensors_writer& dump);
  double tolerance = usual_tolerance;  ///< if none is given
};

constexpr kind kinds[] = {
    {"mar_tiny", holds_mar, replay_mar},
    {"flowar_tiny", holds_flowar, replay_flowar},
    {"xar_tiny", holds_xar, replay_xar},
    {"harmon_tiny", holds_harmon, replay_harmon},
    // the run with caches starts at the last training step and carries its rounding through 12 AR steps
    {"lazymar_tiny", holds_lazymar, replay_lazymar, 2e-3},
    {"far_tiny", holds_far, replay_far},
    {"trajectories", holds_trajectories, replay_trajectories},
};

[[noreturn]] void fail_unknown(fs::path const& file) {
  std::string expected = "a recording of ";
  for (kind const& one : kinds) expected += std::string(one.name) + ", ";
  examples::fail(file, expected + "schedules or cspd", "something else");
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
  if (holds_cspd(document))
    return replay_cspd(file, document, given.cases, given.tolerance.value_or(usual_tolerance), given.dump);
  const auto* const recorded = std::ranges::find_if(kinds, [&](kind const& one) { return one.holds(document); });
  if (recorded == std::ranges::end(kinds)) fail_unknown(file);
  const ardent::executor::host executor;
  const request what{given.cases, given.tolerance.value_or(recorded->tolerance), executor};
  const recording from{file, std::move(document),
                       examples::safetensors::read(fs::path(file).replace_extension(".safetensors"))};
  examples::safetensors_writer dump;
  const bool passed = recorded->replay(from, what, dump);
  if (given.dump) dump.write(*given.dump);
  return passed;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] {
    arguments given;
    CLI::App app(
        "Runs recordings of published samplers through ardent and prints how far the results are from theirs.");
    app.add_option("STEM", given.stem, "the recording: STEM.json and STEM.safetensors, or schedules.json or cspd.json")
        ->required();
    app.add_option("CASE", given.cases, "cases to run; all if none is named");
    examples::add_file(app, "--dump", given.dump,
                       "write the results here: safetensors, or JSON for schedules.json and cspd.json");
    examples::add_number(app, "--tolerance", given.tolerance, 0.0, 1e9,
                         "largest absolute difference, 2e-4 if not given (for samplers that start at the last training "
                         "step: twice the largest median; for diffusers: twice the largest relative one; for "
                         "harmon_tiny, lazymar_tiny and far_tiny over the largest value if that is above 1; "
                         "lazymar_tiny: 2e-3 if not given)");
    app.footer("Exit status: 0 if all cases are within the tolerance, 1 if one is not, 2 on bad input.");
    if (!examples::parse_command_line(app, argc, argv)) return 0;
    return replay(given) ? 0 : too_large;
  });
}
