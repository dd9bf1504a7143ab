// SPDX-License-Identifier: Apache-2.0
//
// profile: measures, AR step by AR step, what annealing rests on: how much is left open about the next tokens, how
// straight their trajectories are, how well their conditions predict them, what few steps cost them, and where the time
// goes. Prints a table, writes JSON, plots with gnuplot. `profile --help` lists the options.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <ardent/guidance/linear.hpp>
#include <ardent/guidance/linear_by_step.hpp>

#include "calibrate.hpp"
#include "common/error.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/json.hpp"
#include "common/network/resize.hpp"
#include "common/program/annealing_words.hpp"
#include "common/program/command_line.hpp"
#include "common/program/labels.hpp"
#include "common/program/model_files.hpp"
#include "common/program/program.hpp"
#include "flowar/pictures.hpp"
#include "measure.hpp"
#include "real_images.hpp"
#include "systems.hpp"
#include "xar/pictures.hpp"

namespace {

namespace fs = std::filesystem;
using namespace examples;
using namespace examples::profile;

struct options {
  std::string system = "mar";
  std::optional<fs::path> weights, config, json, data;
  std::optional<std::string> plot;
  std::optional<int> ar_steps;
  std::string annealed = "50:5", error_steps = "5,10,20,50";
  double guidance_scale = 1;
  settings how;
  bool own_prefixes = false;
};

options read_options(int argc, char** argv, bool& asked) {
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
  asked = parse_command_line(app, argc, argv);
  return o;
}

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

/// Real images as tokens, or only labels to draw.
known_images known_of(options const& o, patch_layout const& patches, std::optional<pixel_map> const& pixels,
                      int class_num, fs::path const& config) {
  if (o.own_prefixes) return {{}, balanced_labels(o.how.pairs, class_num)};
  if (!pixels) fail(config, "a model that draws pixels (or --own-prefixes)", "one that draws latents");
  return read_images(o.data.value_or(fashion_folder), o.how.pairs, patches, *pixels);
}

/// What the draws of a measurement sum up to, before any is made.
void print_plan(options const& o, int ar_steps) {
  double evaluations = 2.0 * o.how.draws * o.how.steps * o.how.images;
  for (const int k : o.how.error_steps) evaluations += (1.0 * o.how.error_draws * k + 8.0 * 3 * k) * o.how.error_images;
  evaluations += 2.0 * o.how.error_draws * o.how.reference_steps * o.how.error_images;
  std::printf("%d AR steps; about %.0f evaluations of each of an image's tokens\n", ar_steps, evaluations);
  std::fflush(stdout);
}

template <class System>
measurements run(options const& o, System const& system, known_images const& known, std::string const& prediction) {
  settings how = o.how;
  how.annealed = make_steps("", o.annealed, system.ar_steps());
  print_plan(o, system.ar_steps());
  measuring<System> measure(system, how, [](std::string const& what) {
    std::printf("measuring: %s\n", what.c_str());
    std::fflush(stdout);
  });
  measurements all;
  all.system = o.system;
  all.prediction = prediction;
  all.prefixes = o.own_prefixes ? "none" : "test images";
  all.guidance_scale = o.guidance_scale;
  all.how = how;
  all.rows = measure(known);
  return all;
}

measurements run_mar(options const& o, model_files const& files) {
  const mar::checkpoint trained({files.weights, files.config});
  const int length = trained.sizes().seq_len(), ar_steps = o.ar_steps.value_or(std::max(1, length / 4));
  if (ar_steps > length)
    fail("--ar-steps", "1 to " + std::to_string(length) + ", the tokens of an image", std::to_string(ar_steps));
  const known_images known =
      known_of(o, mar::patches_of(trained.sizes()), trained.pixels(), trained.sizes().class_num, files.config);
  char const* const prediction = "token from condition";
  if (o.guidance_scale == 1) return run(o, mar_system<>(trained, ar_steps), known, prediction);
  using guidance = ardent::guidance::linear<ardent::dynamic>;
  return run(o, mar_system<guidance>(trained, ar_steps, guidance(o.guidance_scale)), known, prediction);
}

/// The maps of all scales, each the means of the last one.
known_images all_scales(known_images const& last, flowar::config const& sizes) {
  known_images made{{}, last.labels};
  const int side = sizes.scale.back(), channels = sizes.vae_embed_dim;
  const std::size_t size = static_cast<std::size_t>(side * side * channels);
  for (std::size_t image = 0; image < last.tokens.size(); image += size)
    for (const int to : sizes.scale) {
      std::vector<float> between(size), map(static_cast<std::size_t>(to * to * channels));
      resize(resize_weights(side, to, side), side, to, channels, last.tokens.data() + image, between.data(),
             map.data());
      made.tokens.insert(made.tokens.end(), map.begin(), map.end());
    }
  return made;
}

measurements run_flow(options const& o, model_files const& files) {
  const nlohmann::json document = read_json(files.config);
  const safetensors weights = safetensors::map(files.weights);
  char const* const prediction = "token from noise by one step, x_1 - v(x_1, t = 1)";
  using guidance = ardent::guidance::linear_by_step<ardent::dynamic>;
  if (o.system == "flowar") {
    const flowar::network network(flowar::config::from_json(document, files.config), weights);
    flowar::config const& sizes = network.sizes();
    token_pictures const pictures = flowar::pictures_of(document, sizes, files.config);
    known_images known = known_of(o, pictures.patches, pictures.pixels, sizes.class_embedding_rows - 1, files.config);
    if (!known.tokens.empty()) known = all_scales(known, sizes);
    if (o.guidance_scale == 1) return run(o, flowar_system<>(network), known, prediction);
    return run(o, flowar_system<guidance>(network, guidance(o.guidance_scale)), known, prediction);
  }
  const xar::network network(xar::config::from_json(document, files.config), weights);
  xar::config const& sizes = network.sizes();
  token_pictures const pictures = xar::pictures_of(document, sizes, files.config);
  const known_images known =
      known_of(o, pictures.patches, pictures.pixels, sizes.class_embedding_rows - 1, files.config);
  if (o.guidance_scale == 1) return run(o, xar_system<>(network), known, prediction);
  return run(o, xar_system<guidance>(network, guidance(o.guidance_scale)), known, prediction);
}

int run(int argc, char** argv) {
  bool asked = false;
  options o = read_options(argc, argv, asked);
  if (!asked) return 0;
  check(o);
  const model_files files = model_files::chosen(o.weights, o.config, model_files::shipped("fashion_" + o.system));
  measurements all = o.system == "mar" ? run_mar(o, files) : run_flow(o, files);
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
