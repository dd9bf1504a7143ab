// SPDX-License-Identifier: Apache-2.0
//
// Declares the options, and completes them by what the model says.
#include "options.hpp"

#include <algorithm>
#include <climits>
#include <cstddef>

#include "common/command_line.hpp"
#include "common/error.hpp"
#include "labels.hpp"

namespace examples::mar {
namespace {

constexpr int most_images = 1'000'000;
constexpr int most_threads = 1024;

// The config of weights that came without one: the same name, ending in .json.
model_files files_of(std::optional<std::filesystem::path> const& weights,
                     std::optional<std::filesystem::path> const& config) {
  model_files files = model_files::shipped();
  if (weights) {
    files.weights = *weights;
    files.config = *weights;
    files.config.replace_extension(".json");
  }
  if (config) files.config = *config;
  return files;
}

}  // namespace

std::optional<options> read_options(int argc, char** argv) {
  options o;
  std::optional<std::filesystem::path> weights, config;
  std::string backbone = "float32", device = "host", cache = "none";
  CLI::App app("Draws images with a trained MAR (masked autoregressive) model through ardent.", "mar");
  add_file(app, "--weights", weights, "the model's tensors, FILE.safetensors [models/fashion_mar]");
  add_file(app, "--config", config, "the model's constructor arguments [the weights' name, ending in .json]");
  app.add_option("--labels", o.labels, "class labels by number or name, comma-separated, or all [all]");
  add_number(app, "--images", o.images, 1, most_images, "number of images, labels in turn [one for each label]");
  add_number(app, "--ar-steps", o.ar_steps, 1, 1 << 14, "autoregressive steps [a quarter of the tokens]");
  app.add_option("--steps", o.steps, "denoising steps of an AR step: K, UPPER:LOWER or a table K,K,K,... [50:5]");
  app.add_option("--annealing", o.annealing,
                 "constant, linear, cosine, two-stage or table [what --steps suggests; UPPER:LOWER is linear]");
  app.add_option("--solver", o.solver.solver, "ddpm, ddim, dpm-solver or dpm-solver++ [ddpm]");
  app.add_option("--variance", o.solver.variance, "of ddpm: learned, small or large [learned]");
  add_number(app, "--temperature", o.solver.temperature, 0.0, 100.0, "of ddpm: factor on its noise [1]");
  add_number(app, "--eta", o.solver.eta, 0.0, 1.0, "of ddim: 0 deterministic to 1 ancestral [0]");
  app.add_option("--guidance", o.guidance, "none, constant, or linear in the tokens known [linear]");
  add_number(app, "--guidance-scale", o.guidance_scale, 0.0, 1e6, "scale of classifier-free guidance [2]");
  add_number(app, "--seed", o.seed, std::uint64_t{0}, UINT64_MAX,
             "of orders and noise; image i depends on no other [0]");
  add_number(app, "--threads", o.threads, 0, most_threads, "threads, 0 for all [0]");
  add_number(app, "--batch", o.batch, 1, 1 << 16, "images drawn at a time [16]");
  app.add_option("--head", o.head, "how the diffusion head keeps its weights: float32, bf16 or int8 [float32]");
  app.add_option("--device", device, "where to draw: host, or cuda, the current NVIDIA GPU [host]");
  app.add_option("--backbone", backbone, "how the transformer keeps its matrices: float32 or bf16 [float32]");
  app.add_option("--cache", cache,
                 "LazyMAR's caches, faster and not the same tokens: none, all, or some of tokens, conditions and head, "
                 "comma-separated; head needs many denoising steps [none]");
  add_file(app, "--out", o.out, "the picture, PNG [mar.png, unless there is only --dump]");
  add_file(app, "--vae", o.vae, "the decoder of a model that draws latents, FILE.safetensors");
  add_file(app, "--vae-config", o.vae_config, "its constructor arguments [the decoder's name, ending in .json]");
  add_file(app, "--dump", o.dump, "the tokens [images, tokens, channels] and labels, safetensors");
  app.add_flag("--quiet", o.quiet, "print nothing but errors");
  if (!parse_command_line(app, argc, argv)) return std::nullopt;
  if (o.head != "float32" && o.head != "bf16" && o.head != "int8")
    fail("--head", "float32, bf16 or int8", "\"" + printable(o.head, 60) + "\"");
  if (device != "host" && device != "cuda") fail("--device", "host or cuda", "\"" + printable(device, 60) + "\"");
  o.gpu = device == "cuda";
  if (o.gpu && o.head == "int8") fail("--head", "float32 or bf16 with --device cuda", "\"int8\"");
  if (backbone != "float32" && backbone != "bf16")
    fail("--backbone", "float32 or bf16", "\"" + printable(backbone, 60) + "\"");
  o.backbone_bfloat16 = backbone == "bf16";
  if (o.vae_config && !o.vae) fail("--vae-config", "--vae too", "no --vae");
  // What needs no model is checked before one is read.
  static_cast<void>(make_solver(o.solver));
  o.cache = make_caches(cache, make_guidance(o.guidance, o.guidance_scale).has_value());
  if (o.gpu && o.cache.any()) fail("--cache", "none with --device cuda", "\"" + printable(cache, 60) + "\"");
  if (o.ar_steps) static_cast<void>(make_steps(o.annealing, o.steps, *o.ar_steps));
  o.files = files_of(weights, config);
  return o;
}

request make_request(options& given, checkpoint const& trained) {
  config const& sizes = trained.sizes();
  std::string const model = printable_path(trained.files().config);
  int const ar_steps = given.ar_steps.value_or((sizes.seq_len() + 3) / 4);
  if (ar_steps > sizes.seq_len()) {
    fail("--ar-steps", "1 to " + std::to_string(sizes.seq_len()) + ", the tokens of " + model,
         std::to_string(ar_steps));
  }
  if (given.vae && trained.pixels()) fail("--vae", "a model that draws latents", model + ", which draws pixels");
  if (!trained.pixels() && !given.vae) {
    std::string const why =
        model + " draws latents of a VAE (vae_stride " + std::to_string(sizes.vae_stride) + ") and there is no --vae";
    if (given.out) fail("--out", "a model that draws pixels, or --vae, or --dump for the tokens", why);
    if (!given.dump) fail("--dump", "a file for the tokens", "none, and " + why);
  } else if (!given.out && !given.dump) {
    given.out = "mar.png";
  }

  request what;
  what.how.steps = make_steps(given.annealing, given.steps, ar_steps);
  what.how.solver = make_solver(given.solver);
  what.how.temperature = given.solver.temperature;
  what.how.guidance = make_guidance(given.guidance, given.guidance_scale);
  std::vector<int> const labels = parse_labels("--labels", given.labels, trained.label_names(), sizes.class_num);
  std::size_t const images = given.images ? static_cast<std::size_t>(*given.images) : labels.size();
  std::size_t const most = std::min<std::size_t>(most_images, INT_MAX / static_cast<std::size_t>(sizes.seq_len()));
  if (images > most) fail("--images", "at most " + std::to_string(most) + " of this model", std::to_string(images));
  for (std::size_t i = 0; i < images; ++i) what.labels.push_back(labels[i % labels.size()]);
  what.seed = given.seed;
  what.batch = given.batch;
  what.threads = given.threads;
  what.cache = given.cache;
  what.backbone = given.backbone_bfloat16 ? matrix_format::bfloat16 : matrix_format::float32;
  return what;
}

}  // namespace examples::mar
