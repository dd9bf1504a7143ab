// SPDX-License-Identifier: Apache-2.0
//
// mar: draws images with a trained MAR model through ardent. Everything about the sampler is chosen on the command
// line; plan.hpp and draw.hpp show how such choices become typed samplers. `mar --help` lists the options.
#include <optional>
#include <span>

#include "common/drawing_cost.hpp"
#include "common/program.hpp"
#include "common/progress.hpp"
#include "common/token_dump.hpp"
#include "drawing.hpp"
#include "gpu/draw.hpp"
#include "options.hpp"

namespace {

namespace mar = examples::mar;

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
  examples::check_outputs(*given, given->files);
  if (given->gpu) mar::gpu::check_device();
  mar::checkpoint const trained(given->files);
  mar::config const& sizes = trained.sizes();
  mar::request what = mar::make_request(*given, trained);
  int const images = static_cast<int>(what.labels.size());

  auto const pictures = examples::open_pictures(*given, trained.pictures(), what.labels);
  examples::token_dump dump(sizes.seq_len(), sizes.token_channels());
  what.take = [&](int, std::span<float const> tokens) {
    if (given->dump) dump.add(tokens);
    if (pictures) pictures->add(tokens);
  };

  int const ar_steps = static_cast<int>(what.how.steps.size());
  int const batches = (images + what.batch - 1) / what.batch;
  examples::progress progress(ar_steps * batches, images * sizes.seq_len(), !given->quiet, stdout);
  int done_steps = 0, done_tokens = 0;
  what.watch = [&](int, int tokens, int steps) { progress.update(done_steps++, done_tokens += tokens, steps); };
  mar::drawing const drawn = draw(*given, trained, what);
  progress.finish();

  if (given->dump) dump.write(*given->dump, what.labels, drawn);
  if (pictures) pictures->finish();
  if (!given->quiet) {
    examples::print_cost(drawn, images);
    examples::print_outputs(*given, pictures.get());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc, argv); });
}
