// SPDX-License-Identifier: Apache-2.0
//
// harmon: draws images of prompts with a trained Harmon model through ardent, or with a tiny untrained one that proves
// the path. `harmon --help` lists the options.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/atomic_file.hpp"
#include "common/error.hpp"
#include "common/picture.hpp"
#include "common/program.hpp"
#include "common/progress.hpp"
#include "common/safetensors.hpp"
#include "latents.hpp"
#include "options.hpp"

namespace {

namespace harmon = examples::harmon;
namespace mar = examples::mar;

std::vector<std::int64_t> widened(std::vector<int> const& numbers) { return {numbers.begin(), numbers.end()}; }

// How many tokens an image has along its sides, in latent pixels.
struct raster {
  int height, width;
  raster(harmon::config const& sizes, harmon::grid of)
      : height(of.height * sizes.mar.patch_size), width(of.width * sizes.mar.patch_size) {}
};

void write_tokens(std::filesystem::path const& file, mar::drawing const& drawn, harmon::request const& what,
                  harmon::options const& given, harmon::checkpoint const& trained) {
  harmon::config const& sizes = trained.sizes();
  auto const images = static_cast<std::int64_t>(what.prompts.size());
  raster const latent(sizes, what.of);
  std::vector<std::int64_t> const steps = widened(drawn.steps), ar_tokens = widened(drawn.ar_tokens);
  std::vector<std::int64_t> prompts;
  for (std::int64_t i = 0; i < images; ++i) prompts.push_back(i / given.images_per_prompt);
  std::vector<float> const vae_input = harmon::latents(sizes, what.of, drawn.tokens);
  std::vector<std::int64_t> const untrained{trained.untrained() ? 1 : 0};
  examples::safetensors_writer writer;
  writer.add("tokens", {images, what.of.tokens(), sizes.mar.token_channels()}, std::span<float const>(drawn.tokens));
  writer.add("vae_input", {images, sizes.mar.vae_embed_dim, latent.height, latent.width},
             std::span<float const>(vae_input));
  writer.add("prompts", {images}, std::span<std::int64_t const>(prompts));
  writer.add("steps", {static_cast<std::int64_t>(steps.size())}, std::span<std::int64_t const>(steps));
  writer.add("ar_tokens", {static_cast<std::int64_t>(steps.size())}, std::span<std::int64_t const>(ar_tokens));
  writer.add("untrained", {1}, std::span<std::int64_t const>(untrained));
  writer.write(file);
}

constexpr int margin = 4;

int enlargement(raster const& latent) { return std::clamp(192 / std::max(latent.height, latent.width), 1, 16); }

void check_picture(harmon::options const& given, harmon::request const& what, harmon::config const& sizes) {
  raster const latent(sizes, what.of);
  double const scale = enlargement(latent);
  double const cell = (latent.width * scale + margin) * (latent.height * scale + 32);
  if (cell * static_cast<double>(what.prompts.size()) * 3 > 5e8)
    examples::fail("--out", "a picture of at most 500 million samples (leave it away and use --dump)",
                   std::to_string(given.prompts.prompts.size()) + " prompts of " +
                       std::to_string(given.images_per_prompt) + " images");
}

// A row for each prompt. Without a decoder it shows latents, and says so.
void write_picture(std::filesystem::path const& file, mar::drawing const& drawn, harmon::request const& what,
                   harmon::options const& given, harmon::checkpoint const& trained) {
  harmon::config const& sizes = trained.sizes();
  raster const latent(sizes, what.of);
  std::vector<float> const colours = harmon::latent_colours(
      harmon::latents(sizes, what.of, drawn.tokens), static_cast<int>(what.prompts.size()), sizes.mar.vae_embed_dim);
  std::size_t const row = colours.size() / given.prompts.prompts.size();
  std::vector<examples::sheet_row> rows;
  for (std::size_t i = 0; i < given.prompts.prompts.size(); ++i)
    rows.push_back({examples::printable(given.prompts.prompts[i].text, 60),
                    {std::span(colours).subspan(i * row, row), given.images_per_prompt,
                     sizes.mar.vae_embed_dim < 3 ? 1 : 3, latent.height, latent.width}});
  examples::sheet_style style;
  style.labels = examples::label_side::above;
  style.title = std::string(trained.untrained() ? "UNTRAINED: random weights, the picture means nothing\n" : "") +
                "latent channels as colours, not decoded";
  style.scale = enlargement(latent);
  style.text_scale = 1;
  style.margin = margin;
  examples::write_png(file, examples::make_sheet(rows, style));
}

void report(mar::drawing const& drawn, std::size_t images, bool untrained) {
  if (untrained) std::puts("UNTRAINED: the weights are random, what was drawn means nothing");
  std::printf("network evaluations: %d over %zu AR steps, %lld for an image's tokens%s\n", drawn.nfe,
              drawn.steps.size(), drawn.token_nfe, drawn.branches == 2 ? ", each for two branches" : "");
  std::printf("%.2f s: %.2f s in the head and the prompts, %.2f s in the backbone; %.2f images/s\n", drawn.seconds,
              drawn.seconds - drawn.backbone_seconds, drawn.backbone_seconds,
              static_cast<double>(images) / drawn.seconds);
}

void check_outputs(harmon::options const& given) {
  for (auto const& file : {given.out, given.dump}) {
    if (!file) continue;
    examples::check_writable(*file);
    if (!given.files) continue;
    examples::check_other_file(*file, given.files->weights, "the weights");
    examples::check_other_file(*file, given.files->config, "the configuration");
  }
  for (auto const& file : {given.out, given.dump})
    if (file && given.prompt_file) examples::check_other_file(*file, *given.prompt_file, "the prompts");
  if (given.out && given.dump) examples::check_other_file(*given.dump, *given.out, "the picture");
}

int run(int argc, char** argv) {
  std::optional<harmon::options> const given = harmon::read_options(argc, argv);
  if (!given) return 0;
  check_outputs(*given);
  harmon::checkpoint const trained =
      given->files ? harmon::checkpoint(*given->files) : harmon::checkpoint(given->untrained);
  harmon::request what = harmon::make_request(*given, trained);
  if (given->out) check_picture(*given, what, trained.sizes());

  std::size_t const images = what.prompts.size();
  int const ar_steps = static_cast<int>(what.steps.size());
  int const batches = (static_cast<int>(images) + what.batch - 1) / what.batch;
  examples::progress progress(ar_steps * batches, static_cast<int>(images) * what.of.tokens(), !given->quiet, stdout);
  int done_steps = 0, done_tokens = 0;
  what.watch = [&](int, int tokens, int steps) { progress.update(done_steps++, done_tokens += tokens, steps); };
  mar::drawing const drawn = harmon::draw(trained, what);
  progress.finish();

  if (given->dump) write_tokens(*given->dump, drawn, what, *given, trained);
  if (given->out) write_picture(*given->out, drawn, what, *given, trained);
  if (given->quiet) return 0;
  report(drawn, images, trained.untrained());
  if (given->out) std::printf("wrote %s: three latent channels as colours, not decoded\n", given->out->c_str());
  if (given->dump) std::printf("wrote %s\n", given->dump->c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc, argv); });
}
