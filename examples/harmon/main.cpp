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
#include <vector>

#include "common/drawing_cost.hpp"
#include "common/program.hpp"
#include "common/progress.hpp"
#include "common/safetensors.hpp"
#include "latents.hpp"
#include "options.hpp"
#include "outputs.hpp"

namespace {

namespace harmon = examples::harmon;

std::vector<std::int64_t> widened(std::vector<int> const& numbers) { return {numbers.begin(), numbers.end()}; }

void write_tokens(std::filesystem::path const& file, std::span<float const> tokens, examples::drawing_cost const& cost,
                  harmon::request const& what, harmon::options const& given, harmon::checkpoint const& trained) {
  harmon::config const& sizes = trained.sizes();
  auto const images = static_cast<std::int64_t>(what.prompts.size());
  std::vector<std::int64_t> const steps = widened(cost.steps), ar_tokens = widened(cost.ar_tokens);
  std::vector<std::int64_t> prompts;
  for (std::int64_t i = 0; i < images; ++i) prompts.push_back(i / given.images_per_prompt);
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
  harmon::prompt_pictures pictures(*given, what, trained);
  std::vector<float> kept;  // of all images, for the dump
  what.take = [&](int, std::span<float const> tokens) {
    if (given->dump) kept.insert(kept.end(), tokens.begin(), tokens.end());
    pictures.add(tokens);
  };

  auto const images = static_cast<int>(what.prompts.size());
  int const ar_steps = static_cast<int>(what.steps.size()), batches = (images + what.batch - 1) / what.batch;
  examples::progress progress(ar_steps * batches, images * what.of.tokens(), !given->quiet, stdout);
  int done_steps = 0, done_tokens = 0;
  what.watch = [&](int, int tokens, int steps) { progress.update(done_steps++, done_tokens += tokens, steps); };
  examples::drawing_cost const cost = harmon::draw(trained, what);
  progress.finish();

  if (given->dump) write_tokens(*given->dump, kept, cost, what, *given, trained);
  pictures.finish();
  if (given->quiet) return 0;
  if (trained.untrained()) std::puts("UNTRAINED: the weights are random, what was drawn means nothing");
  examples::print_cost(cost, images, "the head and the prompts");
  pictures.print();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc, argv); });
}
