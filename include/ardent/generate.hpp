// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The AR loop: ordering picks positions, the backbone conditions them, a trajectory draws them.

#include <ardent/detail/draw_ar_step.hpp>
#include <ardent/detail/generation_checks.hpp>
#include <ardent/detail/generation_memory.hpp>
#include <ardent/model.hpp>
#include <ardent/number.hpp>
#include <ardent/random/random.hpp>
#include <ardent/sampler.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace ardent {
inline namespace v0 {

/// @brief What an observer sees after each AR step. Views, valid during the call.
struct ar_step_report {
  int ar_step = 0;                    ///< the step that is done
  int ar_steps = 0;                   ///< how many there are
  int effective_steps = 0;            ///< denoising steps it took
  int tokens_known = 0;               ///< tokens of an image that are known now
  int rows = 0;                       ///< tokens drawn in this step, over all images
  double guidance_scale = 1;          ///< its guidance scale
  std::span<float const> conditions;  ///< [branches][rows][condition_width]
  std::span<float const> samples;     ///< [rows][channels], images in turn, raster order within an image
};

/// @brief The observer that looks away.
struct no_observer {
  void operator()(ar_step_report const&) const {}  ///< does nothing
};

/// @brief Where a batch stands among all images.
struct batch {
  int images = 1;                 ///< images of the batch, at least 1
  std::uint32_t first_image = 0;  ///< index of its first image: noise and orders are keyed by it
};

namespace detail {

/// A denoiser whose sizes are known to the compiler: see inline_denoiser's shape_type.
template <class Denoiser>
concept statically_shaped = is_static<typename Denoiser::shape_type> && requires(typename Denoiser::shape_type shape) {
  { shape.channels() } -> std::same_as<int>;
  { shape.outputs() } -> std::same_as<int>;
};

/// True unless a denoiser's sizes are known to the compiler and it outputs fewer numbers than `times` its channels.
template <class Denoiser>
constexpr bool outputs_fit([[maybe_unused]] int times) {
  if constexpr (statically_shaped<Denoiser>) {
    constexpr typename Denoiser::shape_type shape{};
    return shape.outputs() >= times * shape.channels();
  }
  return true;
}

template <class Sampler, class Model, class Executor>
void check_composition(Sampler const& sampler, Model& model, int images) {
  static_assert(ar_model<Model, Executor>,
                "ardent::generate: the model lacks sequence_length(), denoiser() or condition(executor, view, z). See "
                "ardent/model.hpp.");
  using denoiser_type = std::remove_cvref_t<decltype(model.denoiser())>;
  static_assert(denoiser_type::predicted == Sampler::predicted,
                "ardent::generate: the denoiser predicts something else than the sampler was told. Add "
                "ardent::predicts<...> to the sampler.");
  static_assert(
      takes_step_size<denoiser_type> == Sampler::tells_step_size,
      "ardent::generate: either the solver tells the denoiser the size of its steps and the denoiser does not take it, "
      "or the denoiser takes a step size and the solver tells none. Use solver::shortcut with a denoiser that has "
      "takes_step_size = true, and another solver with others.");
  static_assert(outputs_fit<denoiser_type>(1),
                "ardent::generate: the denoiser's shape has fewer outputs than channels. Give it one output for each "
                "channel, or two with a variance half.");
  static_assert(
      !outputs_fit<denoiser_type>(1) || !Sampler::reads_variance || outputs_fit<denoiser_type>(2),
      "ardent::generate: the solver reads a variance, but the denoiser has no second half of outputs for it. Use "
      "a solver with a fixed variance, or a network of twice as many outputs as channels.");
  const auto denoiser = model.denoiser();
  check_lengths("ardent::generate", sampler.sequence_length(), model.sequence_length(), images);
  if (denoiser.channels() < 1 || denoiser.condition_width() < 0)
    throw std::invalid_argument(
        "ardent::generate: expected a denoiser of at least 1 channel and a condition width of at "
        "least 0, found " +
        std::to_string(denoiser.channels()) + " and " + std::to_string(denoiser.condition_width()));
  check_image_count("ardent::generate", Sampler::branches, sampler.sequence_length(), images);
  const int needed = Sampler::reads_variance ? 2 * denoiser.channels() : denoiser.channels();
  if (denoiser.outputs() < needed)
    throw std::invalid_argument("ardent::generate: expected a denoiser of at least " + std::to_string(needed) +
                                " outputs for this solver, found " + std::to_string(denoiser.outputs()));
}

}  // namespace detail

/// @brief Bytes of workspace that a generation of this batch needs, aligned to 64.
template <class Sampler, class Model, class Executor>
std::size_t workspace_bytes(Sampler const& sampler, Model& model, Executor const& executor, int images) {
  detail::check_composition<Sampler, Model, Executor>(sampler, model, images);
  return detail::generation_memory<Sampler, decltype(model.denoiser())>(sampler, model.denoiser(), executor, images,
                                                                        nullptr)
      .bytes();
}

/// @brief A generation whose memory is laid out and whose tables are prepared: `run` allocates nothing.
///
/// Views: sampler, model, executor and workspace must outlive it.
template <class Sampler, class Model, class Executor>
class generation {
 public:
  /// @param sampler    how
  /// @param model      backbone and denoiser
  /// @param executor   a host executor
  /// @param images     images of every batch it will run, at least 1
  /// @param workspace  workspace_bytes(...) bytes, aligned to 64
  /// @throws std::invalid_argument if sizes do not fit one another, the workspace is too small or misaligned, or the
  ///         ordering places a token twice or out of range
  generation(Sampler const& sampler, Model& model, Executor const& executor, int images, std::span<std::byte> workspace)
      : sampler_(sampler),
        model_(model),
        executor_(executor),
        denoiser_(model.denoiser()),
        images_(images),
        memory_(sampler, denoiser_, executor, images, checked(sampler, model, executor, images, workspace)) {
    memory_.check_positions("ardent::generate", sampler_.ordering());
    memory_.prepare_times(sampler_, denoiser_, executor_);
  }

  generation(generation const&) = delete;  // its memory refers to its own denoiser
  generation& operator=(generation const&) = delete;

  /// @brief Draws a batch.
  /// @param random       a source of randomness
  /// @param first_image  index of the batch's first image
  /// @param tokens       [images][sequence_length][channels], written
  /// @param observe      called after each AR step
  /// @throws std::invalid_argument if `tokens` has another size, or an image's index would exceed 2^32 - 1
  template <random_source Random, class Observer = no_observer>
  void run(Random const& random, std::uint32_t first_image, std::span<float> tokens, Observer&& observe = {}) {
    const int length = sampler_.sequence_length(), channels = denoiser_.channels();
    detail::check_batch("ardent::generate", images_, length, channels, first_image, tokens.size());
    std::fill(tokens.begin(), tokens.end(), 0.0f);
    memory_.forget();
    memory_.make_orders(sampler_.ordering(), random, executor_, first_image);

    int done = 0;
    for (int i = 0; i < sampler_.ar_steps(); ++i) {
      const int count = sampler_.tokens(i);
      memory_.pick(done, count, first_image);
      const ar_step_view view{i,        images_,     Sampler::branches, count,         length,
                              channels, first_image, tokens.data(),     memory_.known, memory_.positions,
                              done};
      if constexpr (ar_model<Model, Executor>) model_.condition(executor_, view, memory_.conditions);
      detail::draw_ar_step(sampler_, denoiser_, memory_, executor_, i, count * images_, random);
      memory_.scatter(memory_.samples, count, channels, tokens.data());
      done += count;
      observe(report(i, done, count * images_));
    }
  }

 private:
  static std::byte* checked(Sampler const& sampler, Model& model, Executor const& executor, int images,
                            std::span<std::byte> workspace) {
    return detail::checked_workspace("ardent::generate", workspace_bytes(sampler, model, executor, images), workspace);
  }

  ar_step_report report(int ar_step, int done, int rows) const {
    const auto count = static_cast<std::size_t>(rows);
    return {ar_step,
            sampler_.ar_steps(),
            sampler_.effective_steps(ar_step),
            done,
            rows,
            sampler_.guidance_scale(ar_step),
            {memory_.conditions, count * static_cast<std::size_t>(Sampler::branches * denoiser_.condition_width())},
            {memory_.samples, count * static_cast<std::size_t>(denoiser_.channels())}};
  }

  Sampler const& sampler_;
  Model& model_;
  Executor const& executor_;
  decltype(std::declval<Model&>().denoiser()) denoiser_;
  int images_;
  detail::generation_memory<Sampler, decltype(std::declval<Model&>().denoiser())> memory_;
};

/// @brief Draws a batch of images' tokens, with memory from a resource.
/// @param sampler   what is drawn when, and how
/// @param model     backbone and denoiser
/// @param executor  where it runs
/// @param random    randomness
/// @param which     how many images, and the index of the first
/// @param tokens    [images][sequence_length][channels], written
/// @param observe   called with an ar_step_report after each AR step
/// @param memory    where the workspace comes from; all of it is taken before the first AR step
/// @throws std::invalid_argument if sizes do not fit one another
/// @throws std::bad_alloc if the resource cannot give the workspace
template <class Sampler, class Model, class Executor, random_source Random, class Observer = no_observer>
void generate(Sampler const& sampler, Model& model, Executor const& executor, Random const& random, batch which,
              std::span<float> tokens, Observer&& observe = {},
              std::pmr::memory_resource* memory = std::pmr::get_default_resource()) {
  const std::size_t bytes = workspace_bytes(sampler, model, executor, which.images);
  const detail::owned_bytes workspace(*memory, bytes);
  generation<Sampler, Model, Executor>(sampler, model, executor, which.images, {workspace.data, bytes})
      .run(random, which.first_image, tokens, observe);
}

}  // namespace v0
}  // namespace ardent
