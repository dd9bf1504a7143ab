// SPDX-License-Identifier: Apache-2.0
//
// Declares the options, and completes them by what the model says.
#include "options.hpp"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <string_view>
#include <utility>

#include "common/command_line.hpp"
#include "common/error.hpp"
#include "untrained.hpp"

namespace examples::harmon {
namespace {

namespace fs = std::filesystem;

constexpr int most_images = 1'000'000;
constexpr int most_threads = 1024;

// The options by which prompts come in.
struct prompt_options {
  std::vector<std::string> ids;
  std::string unconditional_ids;
  std::optional<fs::path> file;
};

prompt_list prompts_of(prompt_options const& given, bool untrained) {
  if (given.file && !given.ids.empty()) fail("--ids", "no --prompts with it", "both");
  prompt_list list;
  if (given.file) list = read_prompts(*given.file);
  for (std::string const& text : given.ids)
    list.prompts.push_back({.text = {}, .ids = parse_ids("--ids", text), .where = "--ids"});
  if (!given.unconditional_ids.empty()) {
    list.unconditional = {
        .text = {}, .ids = parse_ids("--unconditional-ids", given.unconditional_ids), .where = "--unconditional-ids"};
  }
  if (untrained) {
    if (list.prompts.empty()) list.prompts.push_back({.text = "a test", .ids = {}, .where = "--untrained"});
    if (!list.unconditional) list.unconditional = {.text = {}, .ids = untrained_ids("Generate an image."), .where = ""};
    for (named_prompt& one : list.prompts)
      if (one.ids.empty()) one.ids = untrained_ids("Generate an image: " + one.text);
  }
  if (list.prompts.empty()) fail("--prompts", "prompts, by it or by --ids", "none");
  for (named_prompt const& one : list.prompts)
    if (one.ids.empty())
      fail(one.where, "\"ids\" beside the text (prompts_to_ids.py makes them with the model's tokenizer)", "none");
  return list;
}

// Width and height in pixels.
std::pair<int, int> parse_size(std::string const& text) {
  constexpr int most = 1 << 16;
  std::size_t const cross = text.find('x');
  int const width = parse_number("--image-size", std::string_view(text).substr(0, cross), 1, most);
  if (cross == std::string::npos) return {width, width};
  return {width, parse_number("--image-size", std::string_view(text).substr(cross + 1), 1, most)};
}

grid grid_of(options const& given, checkpoint const& trained) {
  config const& sizes = trained.sizes();
  if (given.image_size.empty() && trained.untrained()) return sizes.native();
  auto const [width, height] = parse_size(given.image_size.empty() ? "512" : given.image_size);
  int const pixels = sizes.mar.vae_stride * sizes.mar.patch_size, most = config::max_side * pixels;
  for (int const side : {width, height}) {
    if (side % pixels != 0 || side > most)
      fail("--image-size",
           "multiples of " + std::to_string(pixels) + " up to " + std::to_string(most) + " of this model",
           std::to_string(side));
  }
  return {height / pixels, width / pixels};
}

}  // namespace

std::optional<options> read_options(int argc, char** argv) {
  options o;
  std::optional<fs::path> weights, config;
  std::optional<std::uint64_t> untrained;
  prompt_options prompts;
  std::string backbone = "float32";
  CLI::App app("Draws images of prompts with a trained Harmon model through ardent.", "harmon");
  add_file(app, "--weights", weights, "the model's tensors, FILE.safetensors");
  add_file(app, "--config", config, "the model's sizes [the weights' name, ending in .json]");
  add_number(app, "--untrained", untrained, std::uint64_t{0}, UINT64_MAX,
             "instead of --weights: a tiny model with random weights of this seed, which reads the bytes of prompts");
  add_file(app, "--prompts", prompts.file, "prompts, an object {\"prompt\": ..., \"ids\": [...]} in each line");
  app.add_option("--ids", prompts.ids, "token ids of a prompt, comma-separated; may be given again")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1);
  app.add_option("--unconditional-ids", prompts.unconditional_ids,
                 "token ids of the unconditional prompt [\"unconditional_ids\" of --prompts]");
  add_number(app, "--images-per-prompt", o.images_per_prompt, 1, most_images, "images of each prompt [1]");
  app.add_option("--image-size", o.image_size, "side of an image in pixels, or WIDTHxHEIGHT [512]");
  add_number(app, "--ar-steps", o.ar_steps, 1, 1 << 14, "autoregressive steps [64, or the tokens if there are fewer]");
  app.add_option("--steps", o.steps, "denoising steps of an AR step: K, UPPER:LOWER or a table K,K,K,... [50:5]");
  app.add_option("--annealing", o.annealing,
                 "constant, linear, cosine, two-stage or table [what --steps suggests; UPPER:LOWER is linear]");
  app.add_option("--guidance", o.guidance, "none, constant, or linear in the tokens known [constant]");
  add_number(app, "--guidance-scale", o.guidance_scale, 0.0, 1e6, "scale of classifier-free guidance [3]");
  add_number(app, "--temperature", o.temperature, 0.0, 100.0, "factor on the noise of the steps [1]");
  add_number(app, "--seed", o.seed, std::uint64_t{0}, UINT64_MAX,
             "of orders and noise; image i depends on no other [0]");
  add_number(app, "--threads", o.threads, 0, most_threads, "threads, 0 for all [0]");
  add_number(app, "--batch", o.batch, 1, 1 << 16, "images drawn at a time [4]");
  app.add_option("--backbone", backbone, "how the backbone keeps its matrices: float32 or bf16 [float32]");
  add_file(app, "--out", o.out, "a picture of three latent channels, PNG [harmon.png, unless there is only --dump]");
  add_file(app, "--dump", o.dump, "the tokens [images, tokens, channels] and the VAE's input, safetensors");
  app.add_flag("--quiet", o.quiet, "print nothing but errors");
  if (!parse_command_line(app, argc, argv)) return std::nullopt;
  if (untrained && (weights || config)) fail("--untrained", "no --weights or --config with it", "both");
  if (!untrained && !weights) fail("--weights", "a model's file (or --untrained SEED)", "none");
  if (backbone != "float32" && backbone != "bf16")
    fail("--backbone", "float32 or bf16", "\"" + printable(backbone, 60) + "\"");
  o.backbone_bfloat16 = backbone == "bf16";
  if (weights) {
    o.files = model_files{*weights, config ? *config : fs::path(*weights).replace_extension(".json")};
  } else {
    o.untrained = *untrained;
  }
  // What needs no model is checked before one is read.
  static_cast<void>(mar::make_guidance(o.guidance, o.guidance_scale));
  if (o.ar_steps) static_cast<void>(mar::make_steps(o.annealing, o.steps, *o.ar_steps));
  if (!o.image_size.empty()) static_cast<void>(parse_size(o.image_size));
  o.prompts = prompts_of(prompts, untrained.has_value());
  o.prompt_file = prompts.file;
  if (o.guidance != "none" && !o.prompts.unconditional)
    fail("--unconditional-ids", "ids of the unconditional prompt, by it or in --prompts (or --guidance none)", "none");
  if (!o.out && !o.dump) o.out = "harmon.png";
  return o;
}

request make_request(options const& given, checkpoint const& trained) {
  request what;
  what.of = grid_of(given, trained);
  int const tokens = what.of.tokens(), ar_steps = given.ar_steps.value_or(std::min(64, tokens));
  if (ar_steps > tokens)
    fail("--ar-steps", "1 to " + std::to_string(tokens) + ", the tokens of an image", std::to_string(ar_steps));
  what.steps = mar::make_steps(given.annealing, given.steps, ar_steps);
  what.guidance = mar::make_guidance(given.guidance, given.guidance_scale);
  what.temperature = given.temperature;
  auto const each = static_cast<std::size_t>(given.images_per_prompt);
  std::size_t const most = std::min<std::size_t>(most_images, INT_MAX / static_cast<std::size_t>(tokens));
  if (given.prompts.prompts.size() > most / each)
    fail("--images-per-prompt", "at most " + std::to_string(most) + " images in all",
         std::to_string(given.prompts.prompts.size()) + " prompts of " + std::to_string(each));
  for (named_prompt const& one : given.prompts.prompts) {
    check_prompt(one.ids, trained.sizes().llm, one.where);
    what.prompts.insert(what.prompts.end(), each, one.ids);
  }
  if (what.guidance) {
    check_prompt(given.prompts.unconditional->ids, trained.sizes().llm, given.prompts.unconditional->where);
    what.unconditional = given.prompts.unconditional->ids;
  }
  what.seed = given.seed;
  what.batch = given.batch;
  what.threads = given.threads;
  what.bfloat16 = given.backbone_bfloat16;
  return what;
}

}  // namespace examples::harmon
