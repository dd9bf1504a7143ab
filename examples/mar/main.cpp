// SPDX-License-Identifier: Apache-2.0
//
// mar: draws images with a trained MAR model through ardent. Everything about the sampler is chosen on the command
// line; plan.hpp and draw.hpp show how such choices become typed samplers. `mar --help` lists the options.
#include <algorithm>
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

  layout(mar::options const& given, mar::request const& what, mar::config const& sizes) {
    // The labels' number, so that a column is a class, unless that makes a strip.
    std::size_t const count = what.labels.size();
    std::size_t classes = 1;
    while (classes < count && what.labels[classes] != what.labels[0]) ++classes;
    auto const square = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(count))));
    bool const by_class = classes > 1 && classes <= 20 && count >= classes;
    columns = static_cast<int>(by_class ? classes : square);
    int const side = sizes.seq_w() * sizes.patch_size;
    scale = std::clamp(96 / side, 1, 4);
    double const cell = side * scale + margin;
    if (cell * cell * static_cast<double>(count + classes) * sizes.vae_embed_dim > 5e8) {
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

void write_picture(std::filesystem::path const& file, mar::drawing const& drawn, layout const& place, int images,
                   mar::checkpoint const& trained) {
  mar::config const& sizes = trained.sizes();
  std::vector<float> const pixels = mar::tokens_to_pixels(sizes, trained.pixels().value(), drawn.tokens);
  int const side = sizes.seq_w() * sizes.patch_size;
  examples::image_batch const batch{pixels, images, sizes.vae_embed_dim, side, side};
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
  return what.cache.in_head() ? mar::draw_cached<Storage>(trained, what) : mar::draw<Storage>(trained, what);
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
  }
  if (given->out && given->dump) examples::check_other_file(*given->dump, *given->out, "the picture");
  if (given->gpu) mar::gpu::check_device();
  mar::checkpoint const trained(given->files);
  mar::request what = mar::make_request(*given, trained);
  std::optional<layout> place;
  if (given->out) {
    examples::check_writable(*given->out);
    place.emplace(*given, what, trained.sizes());
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
  if (given->out) write_picture(*given->out, drawn, *place, images, trained);
  if (!given->quiet) {
    report(drawn, images);
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
