// SPDX-License-Identifier: Apache-2.0
//
// mar: draws images with a trained MAR model through ardent. Everything about the sampler is chosen on the command
// line; plan.hpp and draw.hpp show how such choices become typed samplers. `mar --help` lists the options.
#include <optional>
#include <span>

#include "common/program/drawing_cost.hpp"
#include "common/program/drawing_outputs.hpp"
#include "common/program/program.hpp"
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
  if (given->gpu && !given->gather) mar::gpu::check_device();
  mar::checkpoint const trained(given->files);
  mar::config const& sizes = trained.sizes();
  mar::request what = mar::make_request(*given, trained);
  int const images = static_cast<int>(what.labels.size());

  examples::drawing_record const record =
      examples::record_of(*given, "mar", images, {{"weights", given->files.weights}, {"config", given->files.config}});
  examples::drawing_outputs outputs(*given, record, trained.pictures(),
                                    {sizes.seq_len(), sizes.token_channels(), "labels", what.labels});
  what.only = outputs.images().missing();
  what.take = [&](int first, std::span<float const> tokens) { outputs.images().add(first, tokens); };

  auto progress =
      outputs.images().progress(static_cast<int>(what.how.steps.size()), sizes.seq_len(), what.batch, !given->quiet);
  what.watch = [&](int, int tokens, int steps) { progress.step(tokens, steps); };
  examples::drawing_cost const cost = what.only->empty() ? mar::cost_of(what, sizes) : draw(*given, trained, what);
  progress.finish();

  outputs.finish(cost);
  if (!given->quiet) outputs.print(cost);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc, argv); });
}
