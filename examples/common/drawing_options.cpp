// SPDX-License-Identifier: Apache-2.0
//
// Declares the options that programs share, and checks where their outputs go.
#include "drawing_options.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "atomic_file.hpp"
#include "error.hpp"

namespace examples {
namespace {

constexpr int most_images = 1'000'000;
constexpr int most_threads = 1024;

struct output {
  std::optional<std::filesystem::path> const& file;
  char const* what;
};

}  // namespace

void add_model_options(CLI::App& app, drawing_options& o, std::string const& shipped) {
  add_file(app, "--weights", o.weights, "the model's tensors, FILE.safetensors [models/" + shipped + "]");
  add_file(app, "--config", o.config, "the model's constructor arguments [the weights' name, ending in .json]");
}

void add_label_options(CLI::App& app, drawing_options& o) {
  app.add_option("--labels", o.labels,
                 "class labels by number or name, comma-separated, or all, or balanced: --images over all classes [all]");
  add_number(app, "--images", o.images, 1, most_images, "number of images, labels in turn [one for each label]");
}

void add_machine_options(CLI::App& app, drawing_options& o) {
  add_number(app, "--seed", o.seed, std::uint64_t{0}, UINT64_MAX,
             "of orders and noise; image i depends on no other [0]");
  add_number(app, "--threads", o.threads, 0, most_threads, "threads, 0 for all [0]");
  add_number(app, "--batch", o.batch, 1, 1 << 16, "images drawn at a time [16]");
}

void add_output_options(CLI::App& app, drawing_options& o, std::string const& program) {
  add_file(app, "--out", o.out, "the pictures on one, PNG [" + program + ".png, if no output is named]");
  add_file(app, "--out-npz", o.out_npz, "the pictures as numpy.savez has them: uint8 NHWC under arr_0");
  add_file(app, "--out-folder", o.out_folder, "the pictures as 000000.png, 000001.png, ... in this empty or new folder");
  add_file(app, "--dump", o.dump, "the tokens [images, tokens, channels] and labels, safetensors");
  app.add_flag("--quiet", o.quiet, "print nothing but errors");
}

void check_outputs(drawing_options const& o, std::vector<std::pair<std::filesystem::path, char const*>> const& inputs) {
  output const outputs[] = {{o.out, "the picture"}, {o.dump, "the tokens"}, {o.out_npz, "the array"}};
  for (std::size_t i = 0; i < std::size(outputs); ++i) {
    if (!outputs[i].file) continue;
    std::filesystem::path const& file = *outputs[i].file;
    check_writable(file);
    for (auto const& [input, what] : inputs) check_other_file(file, input, what);
    for (std::size_t j = 0; j < i; ++j)
      if (outputs[j].file) check_other_file(file, *outputs[j].file, outputs[j].what);
  }
  if (o.out_npz) static_cast<void>(atomic_output(*o.out_npz));
  if (o.out_folder) check_empty_folder(*o.out_folder);
}

void settle_outputs(drawing_options& o, std::string const& program, std::string const& why_none) {
  if (why_none.empty()) {
    if (!o.pictures().any() && !o.dump) o.out = program + ".png";
    if (o.out) check_writable(*o.out);
    return;
  }
  for (auto const& [name, file] : {std::pair{"--out", o.out}, {"--out-npz", o.out_npz}, {"--out-folder", o.out_folder}})
    if (file) fail(name, "a model that draws pixels, or --dump for the tokens", why_none);
  if (!o.dump) fail("--dump", "a file for the tokens", "none, and " + why_none);
}

void print_outputs(drawing_options const& o) {
  for (auto const& file : {o.out, o.out_npz, o.out_folder, o.dump})
    if (file) std::printf("wrote %s\n", file->c_str());
}

}  // namespace examples
