// SPDX-License-Identifier: Apache-2.0
//
// The one place where what was chosen at run time meets typed samplers: with and without guidance, for both ways in
// which a backbone keeps its matrices.
#include <algorithm>
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/generate.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/random/philox.hpp>
#include <chrono>
#include <span>

#include "common/host_executor.hpp"
#include "drawing.hpp"

namespace examples::harmon {
namespace {

// What a sampler will take, and room for the tokens.
template <class Sampler>
mar::drawing planned(Sampler const& sampler, int channels, std::size_t images) {
  mar::drawing result;
  result.nfe = sampler.nfe();
  result.token_nfe = sampler.token_nfe();
  result.branches = Sampler::branches;
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    result.steps.push_back(sampler.effective_steps(i));
    result.ar_tokens.push_back(sampler.tokens(i));
  }
  result.tokens.resize(images * static_cast<std::size_t>(sampler.sequence_length()) *
                       static_cast<std::size_t>(channels));
  return result;
}

template <class Sampler, class Storage>
mar::drawing draw_with(Sampler const& sampler, backbone<Storage> const& network, checkpoint const& trained,
                       request const& what) {
  host_executor const executor(what.threads);
  adaln_head<float> const head(trained.head());
  positions const places(trained.sizes(), trained.network(), what.of);
  mar::drawing result = planned(sampler, trained.sizes().mar.token_channels(), what.prompts.size());
  std::size_t const image_floats = result.tokens.size() / what.prompts.size();
  auto const watch = [&](ardent::ar_step_report const& report) {
    what.watch(report.ar_step, report.rows, report.effective_steps);
  };
  auto const start = std::chrono::steady_clock::now();
  for (std::size_t first = 0; first < what.prompts.size();) {
    std::size_t const count = std::min(static_cast<std::size_t>(what.batch), what.prompts.size() - first);
    auto const prompts = std::span(what.prompts).subspan(first, count);
    std::vector<prompt> const unconditional(Sampler::guided ? count : 0, what.unconditional);
    model<Storage, float> images(network, places, head, {prompts.begin(), prompts.end()}, unconditional, executor);
    mar::timed_model timed(images, result.backbone_seconds);
    ardent::generate(sampler, timed, executor, ardent::random::philox(what.seed),
                     {static_cast<int>(count), static_cast<std::uint32_t>(first)},
                     std::span(result.tokens).subspan(first * image_floats, count * image_floats), watch);
    first += count;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

template <class Storage>
mar::drawing draw_as(checkpoint const& trained, request const& what) {
  backbone<Storage> const network(trained.sizes(), trained.network());
  auto const with = [&](auto const&... guidance) {
    return draw_with(
        ardent::make_sampler(
            ardent::ordering::masked(what.of.tokens(), static_cast<int>(what.steps.size())),
            ardent::annealing::rising(ardent::annealing::table<ardent::dynamic>(what.steps)),  // given by hand, it may
            ardent::grid::clip(ardent::grid::respaced{}, trained.sizes().max_timestep), mar::learned_ddpm(),
            ardent::temperature::constant(what.temperature), guidance...),
        network, trained, what);
  };
  return what.guidance ? with(*what.guidance) : with();
}

}  // namespace

mar::drawing draw(checkpoint const& trained, request const& what) {
  return what.bfloat16 ? draw_as<ardent::bfloat16>(trained, what) : draw_as<float>(trained, what);
}

}  // namespace examples::harmon
