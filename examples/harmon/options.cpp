// SPDX-License-Identifier: Apache-2.0
//
// Declares the options, and completes them by what the model says.
#include "options.hpp"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/error.hpp"
#include "common/files/atomic_file.hpp"
#include "common/program/command_line.hpp"
#include "untrained.hpp"

namespace examples::harmon {
namespace {

namespace fs = std::filesystem;

constexpr int most_images = 1'000'000;

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
    list.prompts.push_back({.text = {}, .ids = parse_ids("--ids", text), .where = "--ids", .entry = {}});
  if (!given.unconditional_ids.empty()) {
    list.unconditional = {.text = {},
                          .ids = parse_ids("--unconditional-ids", given.unconditional_ids),
                          .where = "--unconditional-ids",
                          .entry = {}};
  }
  if (untrained) {
    if (list.prompts.empty())
      list.prompts.push_back({.text = "a test", .ids = {}, .where = "--untrained", .entry = {{"prompt", "a test"}}});
    if (!list.unconditional)
      list.unconditional = {.text = {}, .ids = untrained_ids("Generate an image."), .where = "", .entry = {}};
    for (named_prompt& one : list.prompts)
      if (one.ids.empty()) one.ids = untrained_ids("Generate an image: " + one.text);
  }
  if (list.prompts.empty()) fail("--prompts", "prompts, by it or by --ids", "none");
  for (named_prompt const& one : list.prompts)
    if (one.ids.empty())
      fail(one.where, "\"ids\" beside the text (prompts_to_ids.py makes them with the model's tokenizer)", "none");
  return list;
}

// Without a decoder there are latents: to look at, and for a decoder elsewhere, but no pictures to evaluate.
void check_needs_no_decoder(options const& o) {
  std::pair<char const*, bool> const outputs[] = {{"--out-npz", o.out_npz.has_value()},
                                                  {"--out-folder", o.out_folder.has_value()},
                                                  {"--out-geneval", o.out_geneval.has_value()}};
  for (auto const& [name, asked] : outputs)
    if (asked) fail(name, "--vae, the decoder that makes pictures of latents (or --dump for these)", "none");
}

// GenEval finds what to check in a prompt's entry.
void check_has_texts(prompt_list const& list) {
  for (named_prompt const& one : list.prompts)
    if (one.text.empty())
      fail("--out-geneval", "prompts with a text (\"prompt\" in --prompts)", "one from " + one.where);
}

void check_other_folder(fs::path const& folder, fs::path const& other) {
  std::error_code ignored;
  if (fs::weakly_canonical(fs::absolute(folder), ignored) == fs::weakly_canonical(fs::absolute(other), ignored))
    fail("--out-geneval", "another folder than --out-folder", printable_path(folder));
}

// Width and height in pixels.
std::pair<int, int> parse_size(std::string const& text) {
  constexpr int most = 1 << 16;
  std::size_t const cross = text.find('x');
  int const width = parse_number("--image-size", std::string_view(text).substr(0, cross), 1, most);
  if (cross == std::string::npos) return {width, width};
  return {width, parse_number("--image-size", std::string_view(text).substr(cross + 1), 1, most)};
}

int images_of_each(options const& given, std::optional<int> per_prompt) {
  if (!given.images) return per_prompt.value_or(1);
  if (per_prompt) fail("--images", "no --images-per-prompt with it", "both");
  auto const prompts = static_cast<int>(given.prompts.prompts.size());
  if (*given.images % prompts != 0)
    fail("--images", "a multiple of " + std::to_string(prompts) + ", the number of prompts",
         std::to_string(*given.images));
  return *given.images / prompts;
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
  std::optional<std::uint64_t> untrained;
  prompt_options prompts;
  std::string backbone = "float32";
  std::optional<int> images_per_prompt;
  CLI::App app("Draws images of prompts with a trained Harmon model through ardent.", "harmon");
  add_file(app, "--weights", o.weights, "the model's tensors, FILE.safetensors");
  add_file(app, "--config", o.config, "the model's sizes [the weights' name, ending in .json]");
  add_number(app, "--untrained", untrained, std::uint64_t{0}, UINT64_MAX,
             "instead of --weights: a tiny model with random weights of this seed, which reads the bytes of prompts");
  add_file(app, "--prompts", prompts.file, "prompts, an object {\"prompt\": ..., \"ids\": [...]} in each line");
  app.add_option("--ids", prompts.ids, "token ids of a prompt, comma-separated; may be given again")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1);
  app.add_option("--unconditional-ids", prompts.unconditional_ids,
                 "token ids of the unconditional prompt [\"unconditional_ids\" of --prompts]");
  add_number(app, "--images-per-prompt", images_per_prompt, 1, most_images, "images of each prompt [1]");
  add_number(app, "--images", o.images, 1, most_images,
             "instead of --images-per-prompt: images in all, as many of each prompt");
  app.add_option("--image-size", o.image_size, "side of an image in pixels, or WIDTHxHEIGHT [512]");
  add_number(app, "--ar-steps", o.ar_steps, 1, 1 << 14, "autoregressive steps [64, or the tokens if there are fewer]");
  app.add_option("--steps", o.steps, "denoising steps of an AR step: K, UPPER:LOWER or a table K,K,K,... [50:5]");
  app.add_option("--annealing", o.annealing,
                 "constant, linear, cosine, two-stage or table [what --steps suggests; UPPER:LOWER is linear]");
  app.add_option("--guidance", o.guidance, "none, constant, or linear in the tokens known [constant]");
  add_number(app, "--guidance-scale", o.guidance_scale, 0.0, 1e6, "scale of classifier-free guidance [3]");
  add_number(app, "--temperature", o.temperature, 0.0, 100.0, "factor on the noise of the steps [1]");
  add_machine_options(app, o);
  app.add_option("--backbone", backbone, "how the backbone keeps its matrices: float32 or bf16 [float32]");
  add_output_options(app, o, "harmon");
  add_file(app, "--out-geneval", o.out_geneval,
           "the pictures as GenEval reads them, 00000/samples/0000.png and 00000/metadata.jsonl for each prompt, in "
           "this empty or new folder");
  if (!parse_drawing_options(app, o, argc, argv)) return std::nullopt;
  check_sharded_outputs(o, o.out_geneval.has_value());
  if (untrained && (o.weights || o.config)) fail("--untrained", "no --weights or --config with it", "both");
  if (!untrained && !o.weights) fail("--weights", "a model's file (or --untrained SEED)", "none");
  if (backbone != "float32" && backbone != "bf16")
    fail("--backbone", "float32 or bf16", "\"" + printable(backbone, 60) + "\"");
  o.backbone_bfloat16 = backbone == "bf16";
  if (o.weights) {
    o.files = model_files{*o.weights, o.config ? *o.config : fs::path(*o.weights).replace_extension(".json")};
  } else {
    o.untrained = *untrained;
  }
  // What needs no model is checked before one is read.
  static_cast<void>(mar::make_guidance(o.guidance, o.guidance_scale));
  if (o.ar_steps) static_cast<void>(mar::make_steps(o.annealing, o.steps, *o.ar_steps));
  if (!o.image_size.empty()) static_cast<void>(parse_size(o.image_size));
  o.prompts = prompts_of(prompts, untrained.has_value());
  o.prompt_file = prompts.file;
  o.images_per_prompt = images_of_each(o, images_per_prompt);
  if (o.guidance != "none" && !o.prompts.unconditional)
    fail("--unconditional-ids", "ids of the unconditional prompt, by it or in --prompts (or --guidance none)", "none");
  if (!o.pictures().any() && !o.out_geneval && !o.dump && !o.out_shards) o.out = "harmon.png";
  if (!o.vae) check_needs_no_decoder(o);
  if (o.out_geneval) check_has_texts(o.prompts);
  return o;
}

void check_outputs(options const& given) {
  examples::check_outputs(given, given.files.value_or(model_files{}));
  if (given.prompt_file)
    for (auto const& file : {given.out, given.dump, given.out_npz})
      if (file) check_other_file(*file, *given.prompt_file, "the prompts");
  if (!given.out_geneval) return;
  check_output_folder(given, *given.out_geneval);
  if (given.out_folder) check_other_folder(*given.out_geneval, *given.out_folder);
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
