// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The AR loop on a GPU: ordering picks positions, the backbone conditions them, the head draws them. Nothing of
/// it waits for the device.
///
/// It includes CUB, which takes seconds to compile: keep it out of headers.

#include <ardent/cuda/detail/time_table.hpp>
#include <ardent/cuda/head_weights.hpp>
#include <ardent/cuda/ordering.hpp>
#include <ardent/detail/generation_checks.hpp>
#include <ardent/generate.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace cuda {

/// @brief A model on a GPU.
///
/// - `sequence_length()`: tokens of an image.
/// - `head()`: the weights of its denoiser: head_weights if each AR step is to be drawn in one launch, any_head_weights
///   (of cuda/any_head.hpp) if AR steps of many rows are to be drawn by cuBLASLt's products.
/// - `condition(stream, view, z)`: enqueues z [branches][images * tokens_per_image][condition_width], images in turn,
///   the tokens of an image in the order of `positions`. The view's pointers and z are in device memory; its numbers
///   are known at once. It must only enqueue: no wait, and, to be captured in a graph, no allocation.
template <class M>
concept device_model = requires(M& m, cudaStream_t stream, ar_step_view const& view, float* z) {
  { m.sequence_length() } -> std::same_as<int>;
  { m.head().tiled } -> std::convertible_to<void const*>;
  m.condition(stream, view, z);
};

namespace detail {

template <class Model>
using head_of = std::remove_cvref_t<decltype(std::declval<Model&>().head())>;

template <class Sampler, class Model, class Random, class Tuning>
using trajectory_of = decltype(std::declval<head_of<Model> const&>().template trajectory<Random, Tuning>(
    std::declval<Sampler const&>(), 1));

/// What messages begin with.
inline constexpr char const* generation_name = "ardent::cuda::generation";

[[noreturn]] inline void refuse_generation(std::string const& expected, std::string const& found) {
  throw std::invalid_argument(std::string(generation_name) + ": expected " + expected + ", found " + found);
}

/// @return the batch's sizes
template <class Sampler, class Model>
token_layout checked_batch(Sampler const& sampler, Model& model, int images) {
  const int length = sampler.sequence_length();
  ardent::detail::check_lengths(generation_name, length, model.sequence_length(), images);
  ardent::detail::check_image_count(generation_name, Sampler::branches, length, images);
  return {images, length, model.head().shape.channels(), 0};
}

/// The arrays of a generation, in one workspace.
struct generation_arrays {
  std::byte* head = nullptr;        // of the trajectories; first, as it is aligned to 256
  float* conditions = nullptr;      // [branches][images][tokens of the AR step][condition_width]
  float* samples = nullptr;         // [images][tokens of the AR step][channels]
  int* positions = nullptr;         // [images][tokens of the AR step]
  std::uint32_t* images = nullptr;  // the image of each of these
  std::uint8_t* known = nullptr;    // [images][sequence_length]
  int* order = nullptr;             // [images][sequence_length]
  std::byte* sorting = nullptr;     // of enqueue_orders
  float* times = nullptr;           // [distinct times][W]
  int* time_index = nullptr;        // for each row of each AR step
  std::size_t head_bytes = 0, sorting_bytes = 0, bytes = 0;

  template <class Sampler, class Shape, class Trajectory>
  generation_arrays(Sampler const& sampler, Shape const& shape, Trajectory const& trajectory,
                    token_layout const& layout, time_table const& times_of, std::byte* memory) {
    ardent::detail::arena a(memory);
    const auto size = [](int n) { return static_cast<std::size_t>(n); };
    const int rows = layout.images * sampler.most_tokens();
    const std::size_t all = size(layout.images) * size(layout.sequence_length);
    head_bytes = trajectory.workspace_bytes();
    head = a.take<std::byte>(head_bytes);
    conditions = a.take<float>(size(rows) * size(Sampler::branches) * size(shape.condition_width()));
    samples = a.take<float>(size(rows) * size(layout.channels));
    positions = a.take<int>(size(rows));
    images = a.take<std::uint32_t>(size(rows));
    known = a.take<std::uint8_t>(all);
    order = a.take<int>(all);
    if constexpr (Sampler::permuted) sorting_bytes = order_bytes(layout);
    sorting = a.take<std::byte>(sorting_bytes);
    times = a.take<float>(times_of.distinct.size() * size(shape.width()));
    time_index = a.take<int>(times_of.index.size());
    bytes = a.used();
  }
};

}  // namespace detail

/// @brief Bytes of device memory that a generation of this batch needs on the current device, aligned to 256.
/// @tparam Random  its random_source
/// @tparam Tuning  see default_tuning
/// @throws std::invalid_argument if sizes do not fit one another
/// @throws error if the device does not answer, or cannot run the head
template <random_source Random = random::philox, class Tuning = default_tuning, class Sampler, device_model Model>
std::size_t workspace_bytes(Sampler const& sampler, Model& model, int images) {
  const token_layout layout = detail::checked_batch(sampler, model, images);
  const auto head = model.head();
  const auto trajectory = head.template trajectory<Random, Tuning>(sampler, images);
  return detail::generation_arrays(sampler, head.shape, trajectory, layout, detail::time_table(sampler), nullptr).bytes;
}

/// @brief A generation on the device that is current when it is constructed, with its memory laid out and its tables
/// there: `run` only enqueues, so all of it can be captured in a graph if the model's `condition` can.
///
/// The same seed gives the orders of the host's generation, the same noise, and up to rounding the same tokens.
///
/// An AR step takes three launches besides the model's: the choice of positions, the trajectories (before which a
/// counter may be cleared; by products they are more, see head_products), and the scatter. A batch takes the clearing
/// of tokens and the orders before them.
///
/// Views: sampler, model and workspace must outlive it, and the launches under way.
///
/// @tparam Sampler  a sampler of an epsilon network
/// @tparam Model    a device_model
/// @tparam Random   a random_source callable on the device
/// @tparam Tuning   see default_tuning
template <class Sampler, device_model Model, random_source Random = random::philox, class Tuning = default_tuning>
class generation {
  static_assert(!placed_ordering<std::remove_cvref_t<decltype(std::declval<Sampler const&>().ordering())>>,
                "ardent::cuda::generation: the ordering has positions of its own, which are made on the host only. Use "
                "an ordering without position(i), such as ordering::raster, or ardent::generate.");

 public:
  /// @param stream     where the tables are copied to the device; the constructor waits for it
  /// @param sampler    how
  /// @param model      backbone and head
  /// @param images     images of every batch it will run, at least 1
  /// @param workspace  workspace_bytes(...) bytes of device memory, aligned to 256; a range
  /// @throws std::invalid_argument if sizes do not fit one another, the workspace is too small or misaligned, or a
  ///         weight of the time embedding is missing or not finite
  /// @throws error if the device does not answer, cannot run the head, or the copy fails
  /// @throws blaslt_error if products are used and cuBLASLt has none of some size
  template <device_memory Workspace>
  generation(cudaStream_t stream, Sampler const& sampler, Model& model, int images, Workspace&& workspace)
      : sampler_(sampler),
        model_(model),
        layout_(detail::checked_batch(sampler, model, images)),
        head_(model.head()),
        trajectory_(head_.template trajectory<Random, Tuning>(sampler, images)),
        times_(sampler),
        arrays_(sampler, head_.shape, trajectory_, layout_, times_, memory_of(detail::bytes_of(workspace))) {
    if (detail::bytes_of(workspace).size() < arrays_.bytes)
      detail::refuse_generation("a workspace of " + std::to_string(arrays_.bytes) + " bytes",
                                std::to_string(detail::bytes_of(workspace).size()));
    trajectory_.prepare(std::span(arrays_.head, arrays_.head_bytes));
    prepare(stream);
  }

  generation(generation const&) = delete;
  generation& operator=(generation const&) = delete;

  /// @brief Enqueues a batch; the tokens are there when the stream has come that far.
  /// @param stream       of the device; workspace and tokens must be in no other use until it is done
  /// @param random       a source of randomness
  /// @param first_image  index of the batch's first image
  /// @param tokens       [images][sequence_length][channels] float in device memory, written
  /// @param observe      called with an ar_step_report when an AR step is enqueued; the report's spans are device
  /// memory
  ///                     that holds the step's numbers when the stream has come that far, and others after the next
  /// @throws std::invalid_argument if `tokens` is too small, or an image's index would exceed 2^32 - 1
  /// @throws error, blaslt_error if a launch fails; what was enqueued before it runs
  template <device_memory Tokens, class Observer = no_observer>
  void run(cudaStream_t stream, Random const& random, std::uint32_t first_image, Tokens&& tokens,
           Observer&& observe = {}) {
    token_layout layout = layout_;
    layout.first_image = first_image;
    const auto elements = static_cast<std::size_t>(layout.images) * static_cast<std::size_t>(layout.sequence_length) *
                          static_cast<std::size_t>(layout.channels);
    float* const out = detail::checked_pointer<float>(tokens, elements, "generation::run");
    ardent::detail::check_image_indices(detail::generation_name, layout.images, first_image);
    enqueue_clear(stream, layout, out, arrays_.known);
    enqueue_orders<Sampler::permuted>(stream, layout, random, std::span(arrays_.sorting, arrays_.sorting_bytes),
                                      arrays_.order);
    int done = 0;
    for (int i = 0; i < sampler_.ar_steps(); ++i) {
      const int count = sampler_.tokens(i), rows = count * layout.images;
      enqueue_pick(stream, layout, arrays_.order, done, count, arrays_.positions, arrays_.images);
      model_.condition(stream,
                       ar_step_view{i, layout.images, Sampler::branches, count, layout.sequence_length, layout.channels,
                                    first_image, out, arrays_.known, arrays_.positions, done},
                       arrays_.conditions);
      tile whole;
      whole.total = rows;
      whole.conditions = arrays_.conditions;
      whole.images = arrays_.images;
      whole.positions = arrays_.positions;
      whole.times = arrays_.times;
      whole.time_index = arrays_.time_index + times_.first_row[static_cast<std::size_t>(i)];
      trajectory_.enqueue(stream, i, whole, random, arrays_.samples);
      enqueue_scatter(stream, layout, arrays_.positions, count, arrays_.samples, out, arrays_.known);
      done += count;
      observe(report(i, done, rows));
    }
  }

 private:
  static std::byte* memory_of(std::span<std::byte> workspace) {
    if (workspace.data() == nullptr) detail::refuse_generation("a workspace", "a null pointer");
    if (reinterpret_cast<std::uintptr_t>(workspace.data()) % 256 != 0)
      detail::refuse_generation("a workspace aligned to 256 bytes", "one that is not");
    return workspace.data();
  }

  /// Embeds the times and copies the tables. It waits, as the copies are from memory that goes.
  void prepare(cudaStream_t stream) {
    const std::vector<float> embedded =
        detail::embedded_times(times_.distinct, head_.time_in, head_.time_out, head_.shape.width());
    const auto copy = [stream](auto* to, auto const& from) {
      check(cudaMemcpyAsync(to, from.data(), from.size() * sizeof(from[0]), cudaMemcpyHostToDevice, stream),
            "copying a table to the device");
    };
    copy(arrays_.times, embedded);
    copy(arrays_.time_index, times_.index);
    check(cudaStreamSynchronize(stream), "waiting for the tables' copies");
  }

  ar_step_report report(int ar_step, int done, int rows) const {
    const auto count = static_cast<std::size_t>(rows);
    const auto width = static_cast<std::size_t>(Sampler::branches * head_.shape.condition_width());
    return {ar_step,
            sampler_.ar_steps(),
            sampler_.effective_steps(ar_step),
            done,
            rows,
            sampler_.guidance_scale(ar_step),
            {arrays_.conditions, count * width},
            {arrays_.samples, count * static_cast<std::size_t>(layout_.channels)}};
  }

  Sampler const& sampler_;
  Model& model_;
  token_layout layout_;
  detail::head_of<Model> head_;
  detail::trajectory_of<Sampler, Model, Random, Tuning> trajectory_;
  detail::time_table times_;
  detail::generation_arrays arrays_;
};

/// @brief The generation of these arguments, with Philox and the default tuning.
template <class Sampler, class Model, class Workspace>
generation(cudaStream_t, Sampler const&, Model&, int, Workspace&&) -> generation<Sampler, Model>;

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
