// SPDX-License-Identifier: Apache-2.0
//
// Declares and checks the options of profile.
#include "options.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/error.hpp"
#include "common/files/atomic_file.hpp"
#include "common/program/annealing_words.hpp"
#include "common/program/command_line.hpp"

namespace examples::profile {
namespace {

std::vector<int> parse_steps(std::string const& text) {
  std::vector<int> steps = make_steps("table", text, static_cast<int>(std::count(text.begin(), text.end(), ',')) + 1);
  return steps;
}

void check(options& o) {
  if (o.system != "mar" && o.system != "flowar" && o.system != "xar")
    fail("--system", "mar, flowar or xar", "\"" + printable(o.system, 40) + "\"");
  if (o.ar_steps && o.system != "mar") fail("--ar-steps", "the system mar with it", o.system);
  if (o.data && o.own_prefixes) fail("--data", "no --own-prefixes with it", "both");
  o.how.error_steps = parse_steps(o.error_steps);
  o.how.images = std::min(o.how.images, o.how.pairs);
  o.how.error_images = std::min(o.how.error_images, o.how.images);
  if (o.json) check_writable(*o.json);
  if (o.plot)
    for (char const* ending : {".svg", ".png"}) check_writable(*o.plot + ending);
}

}  // namespace

std::optional<options> read_options(int argc, char** argv) {
  options o;
  CLI::App app("Measures what annealing the denoising steps rests on, for a model and by AR step.", "profile");
  app.add_option("--system", o.system, "mar, flowar or xar [mar]");
  add_file(app, "--weights", o.weights, "the model's tensors, FILE.safetensors [the shipped model of the system]");
  add_file(app, "--config", o.config, "the model's constructor arguments [the weights' name, ending in .json]");
  add_file(app, "--data", o.data,
           "folder with Fashion-MNIST's test set, for real prefixes [where Debian's dataset-fashion-mnist puts it]");
  app.add_flag("--own-prefixes", o.own_prefixes, "measure after prefixes that the model drew alone: no data is needed");
  add_number(app, "--ar-steps", o.ar_steps, 1, 1 << 14, "autoregressive steps, for mar [a quarter of the tokens]");
  app.add_option("--steps", o.annealed, "denoising steps of the drawing that is timed, as mar has it [50:5]");
  add_number(app, "--measured-steps", o.how.steps, 2, 1000, "denoising steps of variance and straightness [50]");
  app.add_option("--error-steps", o.error_steps, "numbers of steps whose error is measured [5,10,20,50]");
  add_number(app, "--reference-steps", o.how.reference_steps, 2, 1000, "number that they are compared with [200]");
  add_number(app, "--guidance-scale", o.guidance_scale, 0.0, 1e6,
             "of guidance that rises linearly; 1: without guidance [1]");
  add_number(app, "--images", o.how.images, 1, 100000, "images whose prefixes are measured [16]");
  add_number(app, "--draws", o.how.draws, 2, 100000, "draws of each token, for its variance [100]");
  add_number(app, "--error-images", o.how.error_images, 1, 100000, "images for errors of few steps [4]");
  add_number(app, "--error-draws", o.how.error_draws, 2, 100000, "draws of each token for them [256]");
  add_number(app, "--pairs", o.how.pairs, 8, 10000,
             "images for predictability, of which a quarter is held out, and for the time [600]");
  add_number(app, "--seed", o.how.seed, std::uint64_t{0}, UINT64_MAX, "of orders and noise [0]");
  add_number(app, "--threads", o.how.threads, 0, 1024, "threads, 0 for all [0]");
  add_file(app, "--json", o.json, "write all numbers here");
  app.add_option("--plot", o.plot, "write STEM.svg and STEM.png, by gnuplot");
  if (!parse_command_line(app, argc, argv)) return std::nullopt;
  check(o);
  return o;
}

}  // namespace examples::profile
