// SPDX-License-Identifier: Apache-2.0
//
// profile: measures, AR step by AR step, what annealing rests on: how much is left open about the next tokens, how
// straight their trajectories are, how well their conditions predict them, what few steps cost them, and where the time
// goes. Prints a table, writes JSON, plots with gnuplot. `profile --help` lists the options.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "calibrate.hpp"
#include "common/files/json.hpp"
#include "common/program/model_files.hpp"
#include "common/program/program.hpp"
#include "options.hpp"
#include "run.hpp"

namespace {

using namespace examples;
using namespace examples::profile;

int run(int argc, char** argv) {
  std::optional<options> const given = read_options(argc, argv);
  if (!given) return 0;
  options const& o = *given;
  const model_files files = model_files::chosen(o.weights, o.config, model_files::shipped("fashion_" + o.system));
  measurements all = o.system == "mar"      ? run_mar(o, files)
                     : o.system == "flowar" ? run_flowar(o, files)
                                            : run_xar(o, files);
  all.model = files.weights.stem().string();
  std::printf("\n");
  print_table(all);
  const calibrated by_steps = calibrate(all, budget_of::steps), by_tokens = calibrate(all, budget_of::tokens);
  print(by_steps, by_tokens);
  if (o.json) {
    nlohmann::json written = to_json(all);
    written["calibrated"] = {{"by_steps", to_json(by_steps)}, {"by_tokens", to_json(by_tokens)}};
    write_json(*o.json, written);
    std::printf("wrote %s\n", o.json->c_str());
  }
  if (o.plot) {
    plot(all, *o.plot);
    std::printf("wrote %s.svg and .png\n", o.plot->c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc, argv); });
}
