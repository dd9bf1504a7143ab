// SPDX-License-Identifier: Apache-2.0
//
// harmon: draws images of prompts with a trained Harmon model through ardent, or with a tiny untrained one that proves
// the path. `harmon --help` lists the options.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "common/files/safetensors.hpp"
#include "common/program/drawing_cost.hpp"
#include "common/program/drawing_record.hpp"
#include "common/program/drawn_images.hpp"
#include "common/program/image_range.hpp"
#include "common/program/model_files.hpp"
#include "common/program/program.hpp"
#include "latents.hpp"
#include "options.hpp"
#include "outputs.hpp"

namespace {

namespace harmon = examples::harmon;

std::vector<std::int64_t> widened(std::vector<int> const& numbers) { return {numbers.begin(), numbers.end()}; }

// Of each image, its prompt's index.
std::vector<int> prompts_of(int images, harmon::options const& given) {
  std::vector<int> prompts;
  for (int i = 0; i < images; ++i) prompts.push_back(i / given.images_per_prompt);
  return prompts;
}

void write_tokens(std::filesystem::path const& file, std::span<float const> tokens, examples::drawing_cost const& cost,
                  harmon::request const& what, harmon::options const& given, harmon::checkpoint const& trained) {
  harmon::config const& sizes = trained.sizes();
  auto const images = static_cast<std::int64_t>(what.prompts.size());
  std::vector<std::int64_t> const steps = widened(cost.steps), ar_tokens = widened(cost.ar_tokens);
  std::vector<std::int64_t> const prompts = widened(prompts_of(static_cast<int>(images), given));
  std::vector<float> const vae_input = harmon::latents(sizes, what.of, tokens);
  std::vector<std::int64_t> const untrained{trained.untrained() ? 1 : 0};
  examples::safetensors_writer writer;
  writer.add("tokens", {images, what.of.tokens(), sizes.mar.token_channels()}, tokens);
  writer.add(
      "vae_input",
      {images, sizes.mar.vae_embed_dim, what.of.height * sizes.mar.patch_size, what.of.width * sizes.mar.patch_size},
      std::span<float const>(vae_input));
  writer.add("prompts", {images}, std::span<std::int64_t const>(prompts));
  writer.add("steps", {static_cast<std::int64_t>(steps.size())}, std::span<std::int64_t const>(steps));
  writer.add("ar_tokens", {static_cast<std::int64_t>(steps.size())}, std::span<std::int64_t const>(ar_tokens));
  writer.add("untrained", {1}, std::span<std::int64_t const>(untrained));
  writer.write(file);
}

int run(int argc, char** argv) {
  std::optional<harmon::options> const given = harmon::read_options(argc, argv);
  if (!given) return 0;
  harmon::check_outputs(*given);
  harmon::checkpoint const trained =
      given->files ? harmon::checkpoint(*given->files) : harmon::checkpoint(given->untrained);
  harmon::request what = harmon::make_request(*given, trained);
  auto const images = static_cast<int>(what.prompts.size());
  examples::model_files const files = given->files.value_or(examples::model_files{});
  examples::drawing_record const record =
      examples::record_of(*given, "harmon", images,
                          {{"weights", files.weights}, {"config", files.config}, {"prompts", given->prompt_file}});
  harmon::prompt_pictures pictures(*given, record, what, trained);
  std::vector<float> kept;  // of all images, for the dump
  examples::image_outputs outputs;
  outputs.lacks = [&](int image) { return given->dump || pictures.lacks(image); };
  outputs.take = [&](int first, std::span<float const> tokens, std::span<std::uint8_t const> samples) {
    if (given->dump) kept.insert(kept.end(), tokens.begin(), tokens.end());
    pictures.add(first, tokens, samples);
  };
  examples::drawn_images drawn(
      *given, record, {what.of.tokens(), trained.sizes().mar.token_channels(), "prompts", prompts_of(images, *given)},
      pictures.decoder(), std::move(outputs));
  pictures.tidy();
  what.only = drawn.missing();
  what.take = [&](int first, std::span<float const> tokens) { drawn.add(first, tokens); };

  auto progress = drawn.progress(static_cast<int>(what.steps.size()), what.of.tokens(), what.batch, !given->quiet);
  what.watch = [&](int, int tokens, int steps) { progress.step(tokens, steps); };
  examples::drawing_cost const cost = harmon::draw(trained, what);
  progress.finish();

  drawn.finish();
  if (given->dump) write_tokens(*given->dump, kept, cost, what, *given, trained);
  pictures.finish();
  if (given->quiet) return 0;
  if (trained.untrained()) std::puts("UNTRAINED: the weights are random, what was drawn means nothing");
  if (!what.only.empty()) examples::print_cost(cost, examples::images_in(what.only), "the head and the prompts");
  pictures.print(drawn.seconds());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc, argv); });
}
