// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The AR loop over images that are there already: what a model makes of each prefix, without drawing.

#include <ardent/detail/generation_checks.hpp>
#include <ardent/detail/order_memory.hpp>
#include <ardent/generate.hpp>
#include <ardent/generate_batched.hpp>
#include <ardent/model.hpp>
#include <ardent/random/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ardent {
inline namespace v0 {
/// @brief Measurements of what annealing rests on. They watch compositions from outside: what draws an image is the
/// same with or without them. They allocate as they need, on the host.
namespace diagnostics {

/// @brief An AR step of images that are known, as the model saw it. Views, valid while a visitor of `walk` has them.
struct prefix {
  ar_step_view view;                      ///< what the model saw: the prefix, and the positions that come next
  std::span<float const> conditions;      ///< [branches][rows][condition_width]; empty if the model keeps its own
  std::span<std::uint32_t const> images;  ///< [rows] index of each row's image, over all batches
  std::span<float const> tokens;          ///< [rows][channels] the tokens that the images have there

  /// @brief Rows of the AR step: images in turn, raster order within an image.
  int rows() const { return view.images * view.tokens_per_image; }
};

namespace detail {

using namespace ardent::detail;

/// Conditions that `condition` writes, or none where the model keeps them.
template <class Sampler, class Model, class Executor>
std::size_t condition_floats([[maybe_unused]] Model& model, [[maybe_unused]] std::size_t rows) {
  if constexpr (ar_model<Model, Executor>)
    return rows * static_cast<std::size_t>(Sampler::branches * model.denoiser().condition_width());
  else
    return 0;
}

template <class Model, class Executor>
int channels_of(Model& model) {
  if constexpr (ar_model<Model, Executor>)
    return model.denoiser().channels();
  else
    return model.network().channels;
}

}  // namespace detail

/// @brief Leads a model along complete images, AR step by AR step, in the order in which the sampler would draw them:
/// the prefix is always the images' own (real ones, or ones that were drawn before).
///
/// With the images that `generate` drew and the same randomness, the model sees what it saw then.
/// @param sampler   its ordering says what comes when; the rest is not used
/// @param model     an ar_model or a batched_ar_model
/// @param executor  a host executor
/// @param random    gives the orders
/// @param which     how many images, and the index of the first
/// @param tokens    [images][sequence_length][channels], complete
/// @param visit     called as visit(prefix const&) at each AR step, after the model's condition()
/// @throws std::invalid_argument if sizes do not fit one another
template <class Sampler, class Model, class Executor, random_source Random, class Visitor>
void walk(Sampler const& sampler, Model& model, Executor const& executor, Random const& random, batch which,
          std::span<float const> tokens, Visitor&& visit) {
  constexpr bool inlined = ar_model<Model, Executor>;
  static_assert(inlined || batched_ar_model<Model, Executor>,
                "ardent::diagnostics::walk: the model is neither an ar_model (ardent/model.hpp) nor a batched_ar_model "
                "(ardent/generate_batched.hpp). Give it the members that one of them asks for.");
  char const* const where = "ardent::diagnostics::walk";
  detail::check_lengths(where, sampler.sequence_length(), model.sequence_length(), which.images);
  const int length = sampler.sequence_length(), channels = detail::channels_of<Model, Executor>(model);
  detail::check_batch(where, which.images, length, channels, which.first_image, tokens.size());

  std::vector<std::byte> bytes;
  const auto lay_out = [&](std::byte* from) {
    detail::arena a(from);
    const detail::order_memory memory(a, length, which.images, sampler.most_tokens());
    return std::pair(memory, a.used());
  };
  bytes.resize(lay_out(nullptr).second + detail::arena_alignment);
  void* aligned = bytes.data();
  std::size_t space = bytes.size();
  auto memory = lay_out(static_cast<std::byte*>(std::align(detail::arena_alignment, 1, aligned, space))).first;
  memory.check_positions(where, sampler.ordering());
  memory.forget();
  memory.make_orders(sampler.ordering(), random, executor, which.first_image);

  const std::size_t most = static_cast<std::size_t>(which.images) * static_cast<std::size_t>(sampler.most_tokens());
  std::vector<float> conditions(detail::condition_floats<Sampler, Model, Executor>(model, most));
  std::vector<float> now(most * static_cast<std::size_t>(channels)), so_far(tokens.size(), 0.0f);
  int done = 0;
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    const int count = sampler.tokens(i);
    const auto rows = static_cast<std::size_t>(count) * static_cast<std::size_t>(which.images);
    memory.pick(done, count, which.first_image);
    const ar_step_view view{i,        which.images,      Sampler::branches, count,        length,
                            channels, which.first_image, so_far.data(),     memory.known, memory.positions,
                            done};
    if constexpr (inlined)
      model.condition(executor, view, conditions.data());
    else
      model.condition(executor, view);
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t image = r / static_cast<std::size_t>(count);
      const std::size_t place =
          image * static_cast<std::size_t>(length) + static_cast<std::size_t>(memory.positions[r]);
      std::copy_n(tokens.data() + place * static_cast<std::size_t>(channels), channels,
                  now.data() + r * static_cast<std::size_t>(channels));
    }
    visit(prefix{view,
                 {conditions.data(), detail::condition_floats<Sampler, Model, Executor>(model, rows)},
                 {memory.images, rows},
                 {now.data(), rows * static_cast<std::size_t>(channels)}});
    memory.scatter(now.data(), count, channels, so_far.data());
    done += count;
  }
}

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
