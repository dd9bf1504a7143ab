// SPDX-License-Identifier: Apache-2.0
//
// Declares the options that programs share, and checks where their outputs go.
#include "drawing_options.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string>

#include "atomic_file.hpp"
#include "error.hpp"

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
  add_file(app, "--dump", o.dump, "the tokens [images, tokens, channels] and labels, safetensors");
  app.add_flag("--quiet", o.quiet, "print nothing but errors");
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
  if (o.out_folder) check_empty_folder(*o.out_folder);
}

void settle_outputs(drawing_options& o, std::string const& program, token_pictures const& tokens,
                    std::filesystem::path const& model) {
  std::string const name = printable_path(model);
  if (o.vae && tokens.pixels) fail("--vae", "a model that draws latents", name + ", which draws pixels");
  if (tokens.pixels || o.vae) {
    if (!o.pictures().any() && !o.dump) o.out = program + ".png";
    if (o.out) check_writable(*o.out);
    return;
  }
  std::string const why =
      name + " draws latents of a VAE (vae_stride " + std::to_string(tokens.vae_stride) + ") and there is no --vae";
  for (named_file const& output :
       {named_file{o.out, "--out"}, {o.out_npz, "--out-npz"}, {o.out_folder, "--out-folder"}})
    if (output.file) fail(output.what, "a model that draws pixels, or --vae, or --dump for the tokens", why);
  if (!o.dump) fail("--dump", "a file for the tokens", "none, and " + why);
}

std::unique_ptr<picture_outputs> open_pictures(drawing_options const& o, token_pictures const& tokens,
                                               std::vector<int> const& labels) {
  if (!o.pictures().any()) return nullptr;
  picture_maker const maker = tokens.maker(o.vae, o.vae_config, o.threads);
  picture_layout sheet;
  if (o.out) sheet = picture_layout::of(labels, maker.width, maker.channels);
  return std::make_unique<picture_outputs>(o.pictures(), maker, sheet, static_cast<int>(labels.size()));
}

void print_outputs(drawing_options const& o, picture_outputs const* pictures) {
  if (o.vae && pictures != nullptr) std::printf("%.2f s in the VAE's decoder and the pictures\n", pictures->seconds());
  for (auto const& file : {o.out, o.out_npz, o.out_folder, o.dump})
    if (file) std::printf("wrote %s\n", file->c_str());
}

}  // namespace examples
