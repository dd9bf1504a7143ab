// SPDX-License-Identifier: Apache-2.0
//
// mar: draws images with a trained MAR model through ardent. Everything about the sampler is chosen on the command
// line; plan.hpp and draw.hpp show how such choices become typed samplers. `mar --help` lists the options.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/atomic_file.hpp"
#include "common/error.hpp"
#include "common/picture.hpp"
#include "common/program.hpp"
#include "common/progress.hpp"
#include "common/safetensors.hpp"
#include "common/vae_decoder.hpp"
#include "drawing.hpp"
#include "gpu/draw.hpp"
#include "options.hpp"
#include "pixels.hpp"

namespace {

namespace mar = examples::mar;

// How the images lie in the picture.
struct layout {
  int columns;
  int scale;
  static constexpr int margin = 4;

  layout(mar::options const& given, mar::request const& what, int side, int channels) {
    // The labels' number, so that a column is a class, unless that makes a strip.
    std::size_t const count = what.labels.size();
    std::size_t classes = 1;
    while (classes < count && what.labels[classes] != what.labels[0]) ++classes;
    auto const square = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(count))));
    bool const by_class = classes > 1 && classes <= 20 && count >= classes;
    columns = static_cast<int>(by_class ? classes : square);
    scale = std::clamp(96 / side, 1, 4);
    double const cell = side * scale + margin;
    if (cell * cell * static_cast<double>(count + classes) * channels > 5e8) {
      examples::fail("--images", "a picture of at most 500 million samples (leave --out away and use --dump)",
                     std::to_string(given.images.value_or(0)) + " images");
    }
  }
};

void write_tokens(std::filesystem::path const& file, mar::drawing const& drawn, mar::request const& what,
                  mar::config const& sizes) {
  auto const images = static_cast<std::int64_t>(what.labels.size());
  auto const ar_steps = static_cast<std::int64_t>(drawn.steps.size());
  std::vector<std::int64_t> const labels(what.labels.begin(), what.labels.end());
  std::vector<std::int64_t> const steps(drawn.steps.begin(), drawn.steps.end());
  std::vector<std::int64_t> const ar_tokens(drawn.ar_tokens.begin(), drawn.ar_tokens.end());
  examples::safetensors_writer writer;
  writer.add("tokens", {images, sizes.seq_len(), sizes.token_channels()}, std::span<float const>(drawn.tokens));
  writer.add("labels", {images}, std::span<std::int64_t const>(labels));
  writer.add("steps", {ar_steps}, std::span<std::int64_t const>(steps));
  writer.add("ar_tokens", {ar_steps}, std::span<std::int64_t const>(ar_tokens));
  writer.write(file);
}

// Latents become pixels by the VAE, patches of pixels by themselves.
struct pictures {
  std::optional<examples::vae_decoder> decoder;
  std::optional<examples::vae_pictures> of_latents;
  int side, channels;

  pictures(mar::options const& given, mar::checkpoint const& trained)
      : side(trained.sizes().seq_w() * trained.sizes().patch_size), channels(trained.sizes().vae_embed_dim) {
    mar::config const& sizes = trained.sizes();
    if (!given.vae) return;
    decoder.emplace(*given.vae, given.vae_config);
    of_latents.emplace(
        *decoder,
        examples::latent_layout{sizes.seq_h(), sizes.seq_w(), sizes.vae_embed_dim, sizes.patch_size, sizes.vae_stride},
        *given.vae);
    side = of_latents->width();
    channels = of_latents->channels();
  }
  pictures(pictures const&) = delete;  // of_latents refers to decoder
  pictures& operator=(pictures const&) = delete;
  ~pictures() = default;

  [[nodiscard]] std::vector<float> pixels(mar::checkpoint const& trained, std::vector<float> const& tokens,
                                          int threads) const {
    if (of_latents) return (*of_latents)(examples::host_executor(threads), tokens);
    return mar::tokens_to_pixels(trained.sizes(), trained.pixels().value(), tokens);
  }
};

void write_picture(std::filesystem::path const& file, std::vector<float> const& pixels, layout const& place, int images,
                   pictures const& of) {
  examples::image_batch const batch{pixels, images, of.channels, of.side, of.side};
  examples::write_png(file, examples::make_grid(batch, place.columns, place.scale, layout::margin));
}

void report(mar::drawing const& drawn, int images) {
  double const head = drawn.seconds - drawn.backbone_seconds;
  std::printf("network evaluations: %d over %zu AR steps, %lld for an image's tokens%s\n", drawn.nfe,
              drawn.steps.size(), drawn.token_nfe, drawn.branches == 2 ? ", each for two branches" : "");
  std::printf("%.2f s: %.2f s in the head, %.2f s in the backbone; %.2f images/s\n", drawn.seconds, head,
              drawn.backbone_seconds, images / drawn.seconds);
  if (drawn.nonfinite > 0) std::printf("%lld outputs of the head were infinite or no numbers\n", drawn.nonfinite);
}

template <class Storage>
mar::drawing draw_on_host(mar::checkpoint const& trained, mar::request const& what) {
  return what.cache.any() ? mar::draw_cached<Storage>(trained, what) : mar::draw<Storage>(trained, what);
}

mar::drawing draw(mar::options const& given, mar::checkpoint const& trained, mar::request const& what) {
  if (given.gpu) return mar::gpu::draw(trained, what, {given.head == "bf16", given.backbone_bfloat16});
  if (given.head == "int8") return draw_on_host<ardent::int8_weight>(trained, what);
  return given.head == "bf16" ? draw_on_host<ardent::bfloat16>(trained, what) : draw_on_host<float>(trained, what);
}

int run(int argc, char** argv) {
  std::optional<mar::options> given = mar::read_options(argc, argv);
  if (!given) return 0;
  for (auto const& file : {given->out, given->dump}) {
    if (!file) continue;
    examples::check_writable(*file);
    examples::check_other_file(*file, given->files.weights, "the weights");
    examples::check_other_file(*file, given->files.config, "the configuration");
    if (given->vae) examples::check_other_file(*file, *given->vae, "the VAE's weights");
    if (given->vae_config) examples::check_other_file(*file, *given->vae_config, "the VAE's configuration");
  }
  if (given->out && given->dump) examples::check_other_file(*given->dump, *given->out, "the picture");
  if (given->gpu) mar::gpu::check_device();
  mar::checkpoint const trained(given->files);
  mar::request what = mar::make_request(*given, trained);
  pictures const made(*given, trained);
  std::optional<layout> place;
  if (given->out) {
    examples::check_writable(*given->out);
    place.emplace(*given, what, made.side, made.channels);
  }

  int const images = static_cast<int>(what.labels.size());
  int const ar_steps = static_cast<int>(what.how.steps.size());
  int const batches = (images + what.batch - 1) / what.batch;
  examples::progress progress(ar_steps * batches, images * trained.sizes().seq_len(), !given->quiet, stdout);
  int done_steps = 0, done_tokens = 0;
  what.watch = [&](int, int tokens, int steps) { progress.update(done_steps++, done_tokens += tokens, steps); };
  mar::drawing const drawn = draw(*given, trained, what);
  progress.finish();

  if (given->dump) write_tokens(*given->dump, drawn, what, trained.sizes());
  auto const start = std::chrono::steady_clock::now();
  if (given->out) write_picture(*given->out, made.pixels(trained, drawn.tokens, what.threads), *place, images, made);
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!given->quiet) {
    report(drawn, images);
    if (given->out && given->vae) std::printf("%.2f s in the VAE's decoder and the picture\n", seconds);
    for (auto const& file : {given->out, given->dump}) {
      if (file) std::printf("wrote %s\n", file->c_str());
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc, argv); });
}
