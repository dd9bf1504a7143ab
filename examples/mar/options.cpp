// SPDX-License-Identifier: Apache-2.0
//
// Declares the options, and completes them by what the model says.
#include "options.hpp"

#include <climits>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "common/program/labels.hpp"
#include "samplers.hpp"

namespace examples::mar {

std::optional<options> read_options(int argc, char** argv) {
  options o;
  std::string backbone = "float32", device = "host", cache = "none";
  CLI::App app("Draws images with a trained MAR (masked autoregressive) model through ardent.", "mar");
  add_model_options(app, o, "fashion_mar");
  add_label_options(app, o);
  add_number(app, "--ar-steps", o.ar_steps, 1, 1 << 14, "autoregressive steps [a quarter of the tokens]");
  app.add_option("--steps", o.steps, "denoising steps of an AR step: K, UPPER:LOWER or a table K,K,K,... [50:5]");
  app.add_option("--annealing", o.annealing,
                 "constant, linear, cosine, two-stage or table [what --steps suggests; UPPER:LOWER is linear]");
  app.add_option("--solver", o.solver.solver,
                 "ddpm, ddim, or dpm-solver, dpm-solver++ (order 1) or dpm-solver++2m [ddpm]");
  add_number(app, "--clip", o.clip, 0, 999,
             "noisiest of the 1000 training steps that is visited; 999 leaves all [950]");
  app.add_option("--variance", o.solver.variance, "of ddpm: learned, small or large [learned]");
  add_number(app, "--temperature", o.solver.temperature, 0.0, 100.0, "of ddpm: factor on its noise [1]");
  add_number(app, "--eta", o.solver.eta, 0.0, 1.0, "of ddim: 0 deterministic to 1 ancestral [0]");
  app.add_option("--guidance", o.guidance, "none, constant, or linear in the tokens known [linear]");
  add_number(app, "--guidance-scale", o.guidance_scale, 0.0, 1e6, "scale of classifier-free guidance [2]");
  add_machine_options(app, o);
  app.add_option("--head", o.head, "how the diffusion head keeps its weights: float32, bf16 or int8 [float32]");
  app.add_option("--device", device, "where to draw: host, or cuda, the current NVIDIA GPU [host]");
  app.add_option("--backbone", backbone, "how the transformer keeps its matrices: float32 or bf16 [float32]");
  app.add_option("--cache", cache,
                 "LazyMAR's caches, faster and not the same tokens: none, all, or some of tokens, conditions and head, "
                 "comma-separated; head needs many denoising steps [none]");
  add_output_options(app, o, "mar");
  if (!parse_drawing_options(app, o, argc, argv)) return std::nullopt;
  check_sharded_outputs(o);
  if (o.head != "float32" && o.head != "bf16" && o.head != "int8")
    fail("--head", "float32, bf16 or int8", "\"" + printable(o.head, 60) + "\"");
  if (device != "host" && device != "cuda") fail("--device", "host or cuda", "\"" + printable(device, 60) + "\"");
  o.gpu = device == "cuda";
  if (o.gpu && o.head == "int8") fail("--head", "float32 or bf16 with --device cuda", "\"int8\"");
  if (backbone != "float32" && backbone != "bf16")
    fail("--backbone", "float32 or bf16", "\"" + printable(backbone, 60) + "\"");
  o.backbone_bfloat16 = backbone == "bf16";
  // What needs no model is checked before one is read.
  static_cast<void>(make_solver(o.solver));
  o.cache = make_caches(cache, make_guidance(o.guidance, o.guidance_scale).has_value());
  if (o.gpu && o.cache.any()) fail("--cache", "none with --device cuda", "\"" + printable(cache, 60) + "\"");
  if (o.ar_steps) static_cast<void>(make_steps(o.annealing, o.steps, *o.ar_steps));
  o.files = examples::model_files::chosen(o.weights, o.config, model_files::shipped());
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
  settle_outputs(given, "mar", trained.pictures(), trained.files().config);

  request what;
  what.how.steps = make_steps(given.annealing, given.steps, ar_steps);
  what.how.solver = make_solver(given.solver);
  what.how.clip = given.clip;
  what.how.temperature = given.solver.temperature;
  what.how.guidance = make_guidance(given.guidance, given.guidance_scale);
  what.labels =
      labels_of_images(given.labels, given.images, trained.label_names(), sizes.class_num, INT_MAX / sizes.seq_len());
  what.seed = given.seed;
  what.batch = given.batch;
  what.threads = given.threads;
  what.cache = given.cache;
  what.backbone = given.backbone_bfloat16 ? matrix_format::bfloat16 : matrix_format::float32;
  return what;
}

drawing_cost cost_of(request const& what, config const& sizes) {
  return with_sampler(what.how, sizes.seq_len(),
                      [](auto const& sampler) { return drawing{planned_cost(sampler), {}}; });
}

}  // namespace examples::mar
