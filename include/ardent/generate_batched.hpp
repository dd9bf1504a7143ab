// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The AR loop of models whose denoiser is a network over all tokens drawn together, as a transformer is.

#include <ardent/batched_trajectory.hpp>
#include <ardent/denoiser/denoiser.hpp>
#include <ardent/detail/generation_checks.hpp>
#include <ardent/detail/order_memory.hpp>
#include <ardent/generate.hpp>
#include <ardent/model.hpp>
#include <ardent/network_shape.hpp>
#include <ardent/random/random.hpp>
#include <ardent/sampler.hpp>

#include <algorithm>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace detail {

template <class Shape>
struct network_types : std::false_type {};
template <class Input, class Output>
struct network_types<network_shape<Input, Output>> : std::true_type {
  using input = Input;
  using output = Output;
};
template <class Model>
using network_of = network_types<std::remove_cvref_t<decltype(std::declval<Model&>().network())>>;

}  // namespace detail

/// @brief A model whose denoiser is a batched network.
///
/// - `sequence_length()`: tokens of an image.
/// - `network()`: a network_shape, the same every time it is asked.
/// - `condition(executor, view)`: called once an AR step, before its trajectories. The backbone runs and keeps what the
///   network will need of it.
/// - `evaluate(executor, view, time, input, output)`: called once for each row of the AR step's program, with the view
///   that `condition` got. Reads input [input_copies][images * tokens_per_image][channels] and writes output
///   [branches][images * tokens_per_image][outputs]; view.branches is 1 here where guidance does not act at this time,
///   and the conditional rows are then all that is read. The input must be left as it is.
/// - `predicted`, optional: what the network predicts; checked against the sampler.
/// - `takes_step_size`, optional: true if the network reads time.step_size; see ardent::takes_step_size.
///
/// To keep image i of a batch equal to that image alone, both must compute each image by products whose shapes do not
/// depend on the batch.
template <class M, class Executor>
concept batched_ar_model =
    requires(M& m) {
      { m.sequence_length() } -> std::same_as<int>;
      requires detail::network_of<M>::value;
    } && requires(M& m, Executor const& executor, ar_step_view const& view, time_point const& time,
                  typename detail::network_of<M>::input const* input, typename detail::network_of<M>::output* output) {
      m.condition(executor, view);
      m.evaluate(executor, view, time, input, output);
    };

namespace detail {

/// The arrays of a batched generation.
template <class Sampler>
class batched_generation_memory : public order_memory {
 public:
  float* samples = nullptr;         // [images][tokens of the AR step][channels]
  std::byte* trajectory = nullptr;  // of the largest AR step
  std::size_t trajectory_bytes = 0;

  template <class Input, class Output>
  batched_generation_memory(Sampler const& sampler, network_shape<Input, Output> const& network, int image_count,
                            std::byte* memory)
      : batched_generation_memory(sampler, network, image_count, arena(memory)) {}

  std::size_t bytes() const { return bytes_; }

 private:
  template <class Input, class Output>
  batched_generation_memory(Sampler const& sampler, network_shape<Input, Output> const& network, int image_count,
                            arena a)
      : order_memory(a, sampler.sequence_length(), image_count, sampler.most_tokens()) {
    const int total = image_count * sampler.most_tokens();
    samples = a.take<float>(static_cast<std::size_t>(total) * static_cast<std::size_t>(network.channels));
    trajectory_bytes = batched_bytes(sampler, total, network);
    trajectory = a.take<std::byte>(trajectory_bytes);
    bytes_ = a.used();
  }

  std::size_t bytes_ = 0;
};

template <class Sampler, class Model, class Executor>
void check_batched_composition(Sampler const& sampler, Model& model, int images) {
  static_assert(batched_ar_model<Model, Executor>,
                "ardent::generate_batched: the model lacks sequence_length(), network(), condition(executor, view) or "
                "evaluate(executor, view, time, input, output). See ardent/generate_batched.hpp.");
  check_predicted<Sampler, Model>();
  static_assert(takes_step_size<Model> || !Sampler::tells_step_size,
                "ardent::generate_batched: the solver tells the network the size of its steps, but the model does not "
                "take it. Use another solver, or give the model takes_step_size = true if its network reads "
                "time_point::step_size.");
  check_lengths("ardent::generate_batched", sampler.sequence_length(), model.sequence_length(), images);
  check_image_count("ardent::generate_batched", Sampler::branches, sampler.sequence_length(), images);
  checked_shape<Sampler>(images * sampler.most_tokens(), model.network());
}

}  // namespace detail

/// @brief Bytes of workspace that a batched generation needs, aligned to 64.
/// @throws std::invalid_argument if sizes do not fit one another
template <class Sampler, class Model, class Executor>
std::size_t batched_workspace_bytes(Sampler const& sampler, Model& model, Executor const&, int images) {
  detail::check_batched_composition<Sampler, Model, Executor>(sampler, model, images);
  return detail::batched_generation_memory<Sampler>(sampler, model.network(), images, nullptr).bytes();
}

/// @brief A generation by a batched network whose memory is laid out: `run` allocates nothing.
///
/// Views: sampler, model, executor and workspace must outlive it.
template <class Sampler, class Model, class Executor>
class batched_generation {
 public:
  /// @param sampler    how
  /// @param model      backbone and network
  /// @param executor   a host executor
  /// @param images     images of every batch it will run, at least 1
  /// @param workspace  batched_workspace_bytes(...) bytes, aligned to 64
  /// @param nonfinite  counts infinities and NaNs among the network's outputs; null: nothing is counted
  /// @throws std::invalid_argument if sizes do not fit one another, the workspace is too small or misaligned, or the
  ///         ordering places a token twice or out of range
  batched_generation(Sampler const& sampler, Model& model, Executor const& executor, int images,
                     std::span<std::byte> workspace, unsigned long long* nonfinite = nullptr)
      : sampler_(sampler),
        model_(model),
        executor_(executor),
        images_(images),
        memory_(sampler, model.network(), images,
                detail::checked_workspace("ardent::generate_batched",
                                          batched_workspace_bytes(sampler, model, executor, images), workspace)),
        nonfinite_(nonfinite) {
    memory_.check_positions("ardent::generate_batched", sampler.ordering());
  }

  batched_generation(batched_generation const&) = delete;
  batched_generation& operator=(batched_generation const&) = delete;

  /// @brief Draws a batch.
  /// @param random       a source of randomness
  /// @param first_image  index of the batch's first image
  /// @param tokens       [images][sequence_length][channels], written
  /// @param observe      called with an ar_step_report after each AR step; its `conditions` are empty, the model has
  ///                     them
  /// @throws std::invalid_argument if `tokens` has another size, or an image's index would exceed 2^32 - 1
  template <random_source Random, class Observer = no_observer>
  void run(Random const& random, std::uint32_t first_image, std::span<float> tokens, Observer&& observe = {}) {
    const auto shape = model_.network();
    const int length = sampler_.sequence_length(), channels = shape.channels;
    detail::check_batch("ardent::generate_batched", images_, length, channels, first_image, tokens.size());
    std::fill(tokens.begin(), tokens.end(), 0.0f);
    memory_.forget();
    memory_.make_orders(sampler_.ordering(), random, executor_, first_image);

    int done = 0;
    for (int i = 0; i < sampler_.ar_steps(); ++i) {
      const int count = sampler_.tokens(i), rows = count * images_;
      memory_.pick(done, count, first_image);
      const ar_step_view view{i,        images_,     Sampler::branches, count,         length,
                              channels, first_image, tokens.data(),     memory_.known, memory_.positions,
                              done};
      model_.condition(executor_, view);
      draw(view, rows, random);
      memory_.scatter(memory_.samples, count, channels, tokens.data());
      done += count;
      observe(ar_step_report{i,
                             sampler_.ar_steps(),
                             sampler_.effective_steps(i),
                             done,
                             rows,
                             sampler_.guidance_scale(i),
                             {},
                             {memory_.samples, static_cast<std::size_t>(rows) * static_cast<std::size_t>(channels)}});
    }
  }

 private:
  /// One AR step's tokens, as one tile.
  template <class Random>
  void draw(ar_step_view view, int rows, Random const& random) {
    tile whole;
    whole.total = rows;
    whole.tokens = rows;
    whole.branches = Sampler::branches;
    whole.ar_step = view.ar_step;
    whole.images = memory_.images;
    whole.positions = memory_.positions;
    const auto program = sampler_.rows(view.ar_step);
    const auto network = [&](time_point const& time, auto const* input, auto* output) {
      view.branches = program[static_cast<std::size_t>(time.step)].guided ? Sampler::branches : 1;
      model_.evaluate(executor_, view, time, input, output);
    };
    draw_batched(executor_, sampler_, view.ar_step, whole, model_.network(), network, random,
                 {memory_.trajectory, memory_.trajectory_bytes}, memory_.samples, nonfinite_);
  }

  Sampler const& sampler_;
  Model& model_;
  Executor const& executor_;
  int images_;
  detail::batched_generation_memory<Sampler> memory_;
  unsigned long long* nonfinite_;
};

/// @brief Generates a batch of images by a model with a batched network, on the host.
///
/// Like `generate`: what an image becomes does not depend on the number of threads, nor on its batch if the model keeps
/// to that. Nothing is allocated after the first AR step begins.
/// @param sampler   how
/// @param model     backbone and network, a batched_ar_model
/// @param executor  a host executor
/// @param random    randomness
/// @param which     how many images, and the index of the first
/// @param tokens    [images][sequence_length][channels], written
/// @param observe   called with an ar_step_report after each AR step
/// @param memory    where the workspace comes from; all of it is taken before the first AR step
/// @param nonfinite counts infinities and NaNs among the network's outputs; null: nothing is counted
/// @throws std::invalid_argument if sizes do not fit one another
/// @throws std::bad_alloc if the resource cannot give the workspace
template <class Sampler, class Model, class Executor, random_source Random, class Observer = no_observer>
void generate_batched(Sampler const& sampler, Model& model, Executor const& executor, Random const& random, batch which,
                      std::span<float> tokens, Observer&& observe = {},
                      std::pmr::memory_resource* memory = std::pmr::get_default_resource(),
                      unsigned long long* nonfinite = nullptr) {
  const std::size_t bytes = batched_workspace_bytes(sampler, model, executor, which.images);
  const detail::owned_bytes workspace(*memory, bytes);
  batched_generation<Sampler, Model, Executor>(sampler, model, executor, which.images, {workspace.data, bytes},
                                               nonfinite)
      .run(random, which.first_image, tokens, observe);
}

}  // namespace v0
}  // namespace ardent
