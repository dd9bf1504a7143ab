// SPDX-License-Identifier: Apache-2.0
//
// Declares the options that programs share, and checks where their outputs go.
#include "drawing_options.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

#include "common/error.hpp"
#include "common/files/atomic_file.hpp"

namespace examples {
namespace {

constexpr int most_images = 1'000'000;
constexpr int most_threads = 1024;

struct named_file {
  std::optional<std::filesystem::path> file;
  char const* what;
};

}  // namespace

void add_model_options(CLI::App& app, drawing_options& o, std::string const& shipped) {
  add_file(app, "--weights", o.weights, "the model's tensors, FILE.safetensors [models/" + shipped + "]");
  add_file(app, "--config", o.config, "the model's constructor arguments [the weights' name, ending in .json]");
}

void add_label_options(CLI::App& app, drawing_options& o) {
  app.add_option(
      "--labels", o.labels,
      "class labels by number or name, comma-separated, or all, or balanced: --images over all classes [all]");
  add_number(app, "--images", o.images, 1, most_images, "number of images, labels in turn [one for each label]");
}

void add_machine_options(CLI::App& app, drawing_options& o) {
  add_number(app, "--seed", o.seed, std::uint64_t{0}, UINT64_MAX,
             "of orders and noise; image i depends on no other [0]");
  add_number(app, "--threads", o.threads, 0, most_threads, "threads, 0 for all [0]");
  add_number(app, "--batch", o.batch, 1, 1 << 16, "images drawn at a time [" + std::to_string(o.batch) + "]");
}

void add_output_options(CLI::App& app, drawing_options& o, std::string const& program) {
  add_file(app, "--vae", o.vae, "the decoder of a model that draws latents, FILE.safetensors");
  add_file(app, "--vae-config", o.vae_config, "its constructor arguments [the decoder's name, ending in .json]");
  add_file(app, "--out", o.out, "the pictures on one, PNG [" + program + ".png, if no output is named]");
  add_file(app, "--out-npz", o.out_npz, "the pictures as numpy.savez has them: uint8 NHWC under arr_0");
  add_file(app, "--out-folder", o.out_folder,
           "the pictures as 000000.png, 000001.png, ... in this empty or new folder");
  add_file(app, "--out-shards", o.out_shards,
           "tokens and pictures, a file for each batch, in this folder; what is there is not drawn again");
  add_file(app, "--dump", o.dump, "the tokens [images, tokens, channels] and labels, safetensors");
  app.add_option_function<std::string>(
         "--shard", [&o](std::string const& text) { o.shard = parse_shard(text); },
         "i/n: of n processes that share the drawing this is number i, from 0 [what MPI or Slurm say]")
      ->type_name("i/n");
  app.add_flag("--gather", o.gather, "draw nothing: make the other outputs of --out-shards, if all images are there");
  app.add_flag("--quiet", o.quiet, "print nothing but errors");
}

bool parse_drawing_options(CLI::App& app, drawing_options& o, int argc, char** argv) {
  if (!parse_command_line(app, argc, argv)) return false;
  o.words = drawing_words(app);
  if (!o.shard) o.shard = shard_of_environment([](char const* name) { return std::getenv(name); });
  if (!o.gather) return true;
  if (!o.out_shards) fail("--gather", "--out-shards, the folder to take images from", "none");
  // the script of a Slurm job counts as the first of its tasks
  if (o.shard && (o.shard->index > 0 || (o.shard->count > 1 && o.shard->from == "--shard")))
    fail("--gather", "one process for all images",
         "shard " + std::to_string(o.shard->index) + "/" + std::to_string(o.shard->count) + " (" + o.shard->from + ")");
  o.shard.reset();
  return true;
}

void print_shard(drawing_options const& o, int images) {
  if (o.quiet || !o.shard) return;
  image_range const mine = o.mine(images);
  std::string const which =
      mine.count == 0 ? "none" : std::to_string(mine.first) + " to " + std::to_string(mine.end() - 1);
  std::printf("shard %d/%d (%s): images %s of %d\n", o.shard->index, o.shard->count, o.shard->from.c_str(),
              which.c_str(), images);
  std::fflush(stdout);
}

void check_sharded_outputs(drawing_options const& o, bool others) {
  if (!o.shard || o.shard->count == 1) return;
  std::string const found =
      "shard " + std::to_string(o.shard->index) + "/" + std::to_string(o.shard->count) + " (" + o.shard->from + ")";
  for (named_file const& one : {named_file{o.out, "--out"}, {o.out_npz, "--out-npz"}, {o.dump, "--dump"}})
    if (one.file)
      fail(one.what, "one process for all images (several: --out-shards, and this option with --gather afterwards)",
           found);
  if (!o.out_shards && !o.out_folder && !others)
    fail("--out-shards", "a folder that all shards write to, or --out-folder", "none, and " + found);
}

void check_output_folder(drawing_options const& o, std::filesystem::path const& folder) {
  o.resumes() ? check_drawing_folder(folder) : check_empty_folder(folder);
}

drawing_record record_of(drawing_options const& o, std::string const& program, int images,
                         std::map<std::string, std::optional<std::filesystem::path>> files) {
  if (!o.resumes()) return {program, {}, images, {}};  // nobody asks for it
  files["vae"] = o.vae;
  if (o.vae) files["vae_config"] = o.vae_config.value_or(std::filesystem::path(*o.vae).replace_extension(".json"));
  return {program, o.words, images, files};
}

void check_outputs(drawing_options const& o, model_files const& model) {
  if (o.vae_config && !o.vae) fail("--vae-config", "--vae too", "no --vae");
  named_file const inputs[] = {{model.weights, "the weights"},
                               {model.config, "the configuration"},
                               {o.vae, "the VAE's weights"},
                               {o.vae_config, "the VAE's configuration"}};
  named_file const outputs[] = {{o.out, "the picture"}, {o.dump, "the tokens"}, {o.out_npz, "the array"}};
  for (std::size_t i = 0; i < std::size(outputs); ++i) {
    if (!outputs[i].file) continue;
    check_writable(*outputs[i].file);
    for (named_file const& input : inputs)
      if (input.file && !input.file->empty()) check_other_file(*outputs[i].file, *input.file, input.what);
    for (std::size_t j = 0; j < i; ++j)
      if (outputs[j].file) check_other_file(*outputs[i].file, *outputs[j].file, outputs[j].what);
  }
  if (o.out_npz) static_cast<void>(atomic_output(*o.out_npz));
  if (o.out_folder) check_output_folder(o, *o.out_folder);
  if (o.out_shards) o.gather ? check_begun_folder(*o.out_shards) : check_drawing_folder(*o.out_shards);
}

void settle_outputs(drawing_options& o, std::string const& program, token_pictures const& tokens,
                    std::filesystem::path const& model) {
  std::string const name = printable_path(model);
  if (o.vae && tokens.pixels) fail("--vae", "a model that draws latents", name + ", which draws pixels");
  if (tokens.pixels || o.vae) {
    if (!o.pictures().any() && !o.dump && !o.out_shards) o.out = program + ".png";
    if (o.out) check_writable(*o.out);
    return;
  }
  std::string const why =
      name + " draws latents of a VAE (vae_stride " + std::to_string(tokens.vae_stride) + ") and there is no --vae";
  for (named_file const& output :
       {named_file{o.out, "--out"}, {o.out_npz, "--out-npz"}, {o.out_folder, "--out-folder"}})
    if (output.file) fail(output.what, "a model that draws pixels, or --vae, or --dump for the tokens", why);
  if (!o.dump && !o.out_shards) fail("--dump", "a file for the tokens", "none, and " + why);
}

void print_outputs(drawing_options const& o) {
  for (auto const& file : {o.out, o.out_npz, o.out_folder, o.out_shards, o.dump})
    if (file && (!o.gather || file != o.out_shards)) std::printf("wrote %s\n", file->c_str());
}

}  // namespace examples
