// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The next tokens of a prefix drawn again and again: by another sampler if need be, and recorded if asked.

#include <ardent/batched_trajectory.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/detail/draw_ar_step.hpp>
#include <ardent/detail/generation_memory.hpp>
#include <ardent/diagnostics/trajectory_record.hpp>
#include <ardent/diagnostics/walk.hpp>
#include <ardent/generate.hpp>
#include <ardent/generate_batched.hpp>
#include <ardent/network_shape.hpp>
#include <ardent/random/philox.hpp>

#include <algorithm>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

/// @brief The noise of draw number `draw` of a measurement: other numbers for every draw, the same for every sampler
/// that the same draw is made with.
/// @param seed  of the measurement
/// @param draw  at least 0
inline random::philox noise_of_draw(std::uint64_t seed, int draw) {
  // a word of Philox as the seed: seeds that follow one another do not share draws
  const auto low = static_cast<std::uint32_t>(seed), high = static_cast<std::uint32_t>(seed >> 32);
  const random::words w = random::philox4x32({{static_cast<std::uint32_t>(draw), 0x64726177u, 0, 0}}, low, high);
  return random::philox(static_cast<std::uint64_t>(w.value[0]) << 32 | w.value[1]);
}

namespace detail {

template <class Sampler>
void check_draw(Sampler const& sampler, prefix const& at, int images, int channels, std::size_t samples,
                trajectory_record const* record) {
  const auto refuse = [](std::string const& expected, std::string const& found) {
    throw std::invalid_argument("ardent::diagnostics::repeated_draws: expected " + expected + ", found " + found);
  };
  ar_step_view const& v = at.view;
  if (v.ar_step < 0 || v.ar_step >= sampler.ar_steps() || v.tokens_per_image != sampler.tokens(v.ar_step))
    refuse("a prefix of an ordering like the sampler's",
           "AR step " + std::to_string(v.ar_step) + " with " + std::to_string(v.tokens_per_image) + " tokens");
  if (v.branches != Sampler::branches)
    refuse("a prefix of " + std::to_string(Sampler::branches) + " branches", std::to_string(v.branches));
  if (v.images != images) refuse("a prefix of " + std::to_string(images) + " images", std::to_string(v.images));
  const std::size_t needed = static_cast<std::size_t>(at.rows()) * static_cast<std::size_t>(channels);
  if (samples != needed) refuse("room for " + std::to_string(needed) + " numbers", std::to_string(samples));
  if (record == nullptr) return;
  if (record->rows() != at.rows() || record->channels() != channels || record->branches() != Sampler::branches ||
      record->steps() != sampler.effective_steps(v.ar_step))
    refuse("a record of " + std::to_string(sampler.effective_steps(v.ar_step)) + " steps, " +
               std::to_string(at.rows()) + " rows, " + std::to_string(channels) + " channels and " +
               std::to_string(Sampler::branches) + " branches",
           std::to_string(record->steps()) + ", " + std::to_string(record->rows()) + ", " +
               std::to_string(record->channels()) + " and " + std::to_string(record->branches()));
}

}  // namespace detail

/// @brief Draws the tokens that come next after a prefix, as `generate` would, without changing anything.
///
/// `draw(at, random, samples)` writes samples [rows][channels]; with a record it also writes that. The sampler may
/// differ from the one that was walked with in all but the ordering and whether it is guided.
///
/// Views: sampler, model and executor must outlive it.
/// @tparam Model  an ar_model or a batched_ar_model
template <class Sampler, class Model, class Executor>
class repeated_draws;

/// @brief For models with an inline denoiser.
template <class Sampler, class Model, class Executor>
  requires ar_model<Model, Executor>
class repeated_draws<Sampler, Model, Executor> {
  using denoiser_type = recorded<std::remove_cvref_t<decltype(std::declval<Model&>().denoiser())>>;
  using memory_type = detail::generation_memory<Sampler, denoiser_type>;

 public:
  /// @param sampler   how the tokens are drawn; views, all three
  /// @param model     backbone and denoiser
  /// @param executor  a host executor
  /// @param images    images of every prefix, at least 1
  /// @throws std::invalid_argument if sizes do not fit one another
  repeated_draws(Sampler const& sampler, Model& model, Executor const& executor, int images)
      : sampler_(sampler), executor_(executor), images_(images), plain_(model.denoiser(), {}) {
    const std::size_t bytes = workspace_bytes(sampler, model, executor, images);
    workspace_.emplace(*std::pmr::get_default_resource(), bytes);
    memory_.emplace(sampler, plain_, executor, images, workspace_->data);
    memory_->prepare_times(sampler, plain_, executor);
  }
  repeated_draws(repeated_draws const&) = delete;
  repeated_draws& operator=(repeated_draws const&) = delete;

  /// @brief One draw of each of the prefix's next tokens.
  /// @param at       where the walk is
  /// @param random   gives the noise; see noise_of_draw
  /// @param samples  [rows][channels], written
  /// @param record   null, or room for the steps of this AR step
  /// @throws std::invalid_argument if sizes do not fit one another
  template <random_source Random>
  void draw(prefix const& at, Random const& random, std::span<float> samples, trajectory_record* record = nullptr) {
    detail::check_draw(sampler_, at, images_, plain_.channels(), samples.size(), record);
    std::copy(at.conditions.begin(), at.conditions.end(), memory_->conditions);
    std::copy(at.images.begin(), at.images.end(), memory_->images);
    std::copy_n(at.view.positions, at.rows(), memory_->positions);
    const denoiser_type denoiser(plain_, record == nullptr ? trajectory_view{} : record->view());
    detail::draw_ar_step(sampler_, denoiser, *memory_, executor_, at.view.ar_step, at.rows(), random);
    std::copy_n(memory_->samples, samples.size(), samples.begin());
  }

 private:
  Sampler const& sampler_;
  Executor const& executor_;
  int images_;
  denoiser_type plain_;
  std::optional<detail::owned_bytes> workspace_;
  std::optional<memory_type> memory_;
};

/// @brief For models with a batched network. The model is asked about the prefix that it was conditioned on last.
template <class Sampler, class Model, class Executor>
  requires(batched_ar_model<Model, Executor> && !ar_model<Model, Executor>)
class repeated_draws<Sampler, Model, Executor> {
 public:
  /// @brief See above.
  repeated_draws(Sampler const& sampler, Model& model, Executor const& executor, int images)
      : sampler_(sampler), model_(model), executor_(executor), images_(images) {
    detail::check_batched_composition<Sampler, Model, Executor>(sampler, model, images);
    bytes_ = batched_bytes(sampler, images * sampler.most_tokens(), model.network());
    workspace_.emplace(*std::pmr::get_default_resource(), bytes_);
  }
  repeated_draws(repeated_draws const&) = delete;
  repeated_draws& operator=(repeated_draws const&) = delete;

  /// @brief See above.
  template <random_source Random>
  void draw(prefix const& at, Random const& random, std::span<float> samples, trajectory_record* record = nullptr) {
    const auto shape = model_.network();
    detail::check_draw(sampler_, at, images_, shape.channels, samples.size(), record);
    tile whole;
    whole.total = whole.tokens = at.rows();
    whole.branches = Sampler::branches;
    whole.ar_step = at.view.ar_step;
    whole.images = at.images.data();
    whole.positions = at.view.positions;
    const auto program = sampler_.rows(at.view.ar_step);
    const auto network = [&](time_point const& time, auto const* input, auto* output) {
      ar_step_view view = at.view;
      view.branches = program[static_cast<std::size_t>(time.step)].guided ? Sampler::branches : 1;
      model_.evaluate(executor_, view, time, input, output);
      if (record != nullptr) keep(record->view(), view.branches, outputs_of(shape), time.step, input, output);
    };
    draw_batched(executor_, sampler_, at.view.ar_step, whole, shape, network, random, {workspace_->data, bytes_},
                 samples.data());
  }

 private:
  template <class Shape>
  static int outputs_of(Shape const& shape) {
    const int least = Sampler::reads_variance ? 2 * shape.channels : shape.channels;
    return shape.outputs == 0 ? least : shape.outputs;
  }

  template <class Input, class Output>
  static void keep(trajectory_view const& to, int branches, int outputs, int step, Input const* input,
                   Output const* output) {
    const std::ptrdiff_t numbers = static_cast<std::ptrdiff_t>(to.rows) * to.channels;
    for (std::ptrdiff_t e = 0; e < numbers; ++e) to.x[step * numbers + e] = to_float(input[e]);
    for (int b = 0; b < to.branches; ++b)
      for (int r = 0; r < to.rows; ++r)
        for (int c = 0; c < to.channels; ++c) {
          const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(b < branches ? b : 0) * to.rows + r;
          to.output[(static_cast<std::ptrdiff_t>(step) * to.branches + b) * numbers +
                    static_cast<std::ptrdiff_t>(r) * to.channels + c] = to_float(output[from * outputs + c]);
        }
  }

  Sampler const& sampler_;
  Model& model_;
  Executor const& executor_;
  int images_;
  std::size_t bytes_ = 0;
  std::optional<detail::owned_bytes> workspace_;
};

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
