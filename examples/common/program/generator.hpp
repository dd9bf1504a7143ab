// SPDX-License-Identifier: Apache-2.0
//
// The whole program of a system whose AR steps are drawn by one network over all their tokens
// (ardent::generate_batched): command line, files, batches, outputs, report. What is left to the system is
// `generator_system`; docs/adding_a_system.md shows one.
#pragma once

#include <ardent/generate_batched.hpp>
#include <ardent/random/philox.hpp>

#include <algorithm>
#include <chrono>
#include <climits>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "common/network/host_executor.hpp"
#include "common/network/timed_model.hpp"
#include "common/pictures/token_pictures.hpp"
#include "drawing_cost.hpp"
#include "drawing_options.hpp"
#include "drawing_outputs.hpp"
#include "drawn_images.hpp"
#include "generator_options.hpp"
#include "image_range.hpp"
#include "labels.hpp"
#include "program.hpp"
#include "progress.hpp"

namespace examples {

/// @brief Which tokens of an image's sequence are the picture's; those before them are on the way to it.
struct picture_tokens {
  int sequence = 0;  ///< tokens of an image in all
  int first = 0;     ///< the first one of the picture
  int count = 0;     ///< tokens of the picture
  int channels = 0;  ///< numbers of a token
};

/// @brief A system with its weights.
///
/// - It is a `generator_options`: its name, and what its own options choose.
/// - Its constructor takes the model's JSON, that file's name and the weights; it throws an input_error for what does
///   not fit. `is_buffer(name)`: tensors of checkpoints that it does not read and that may be there.
/// - `class_num()`, `tokens()`, `pictures()`: classes, the picture's tokens, and what they are to a picture.
/// - `with_sampler(choices, f)`: f(sampler), of one type or another, once.
/// - `model(labels, branches, workers)`: a batch of images, an ardent::batched_ar_model.
template <class S>
concept generator_system =
    generator_options<S> &&
    std::constructible_from<S, nlohmann::json const&, std::filesystem::path const&, safetensors const&> &&
    requires(S const& system, std::string_view name) {
      { S::is_buffer(name) } -> std::same_as<bool>;
      { system.class_num() } -> std::same_as<int>;
      { system.tokens() } -> std::same_as<picture_tokens>;
      { system.pictures() } -> std::same_as<token_pictures>;
      system.model(std::vector<int>(), 1, 1);
    };

/// @brief Draws images with one sampler, batch after batch.
/// @param labels one for each image of the whole drawing
/// @param images  what is to be drawn of them, and the progress
/// @param take  takes the sequences of each batch
/// @return what it cost
template <class System, class Sampler>
drawing_cost draw_batches(System const& system, Sampler const& sampler, std::vector<int> const& labels,
                          drawn_images const& images, drawing_options const& given, token_taker const& take) {
  host_executor const executor(given.threads);
  drawing_cost cost = planned_cost(sampler);
  picture_tokens const of = system.tokens();
  token_room room(labels.size(), static_cast<std::size_t>(given.batch),
                  static_cast<std::size_t>(of.sequence) * static_cast<std::size_t>(of.channels), take);
  image_progress shown = images.progress(sampler.ar_steps(), of.sequence, given.batch, !given.quiet);
  auto const watch = [&](ardent::ar_step_report const& report) { shown.step(report.rows, report.effective_steps); };
  auto const start = std::chrono::steady_clock::now();
  for (image_range const& batch : batches_of(images.missing(), given.batch)) {
    auto const first = static_cast<std::size_t>(batch.first), count = static_cast<std::size_t>(batch.count);
    auto const part = std::span(labels).subspan(first, count);
    auto model = system.model({part.begin(), part.end()}, Sampler::branches, executor.threads());
    timed_batched_model timed(model, cost.backbone_seconds);
    ardent::generate_batched(sampler, timed, executor, ardent::random::philox(given.seed),
                             {batch.count, static_cast<std::uint32_t>(first)}, room.of(first, count), watch,
                             std::pmr::get_default_resource(), &cost.nonfinite);
    room.finished(first, count);
  }
  cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() - room.seconds();
  return cost;
}

namespace detail {

/// Of sequences, the tokens of the pictures.
inline std::vector<float> picture_part(std::span<float const> sequences, picture_tokens const& of) {
  auto const floats = [&](int tokens) {
    return static_cast<std::size_t>(tokens) * static_cast<std::size_t>(of.channels);
  };
  std::vector<float> part;
  for (std::size_t image = 0; image < sequences.size(); image += floats(of.sequence)) {
    auto const picture = sequences.subspan(image + floats(of.first), floats(of.count));
    part.insert(part.end(), picture.begin(), picture.end());
  }
  return part;
}

template <class System>
int run_generator(int argc, char** argv) {
  auto read = read_generator_options<System>(argc, argv);
  if (!read) return 0;
  drawing_options& given = read->drawing;
  typename System::choices const& choices = read->own;
  model_files const files = model_files::chosen(given.weights, given.config, model_files::shipped(System::shipped));
  check_outputs(given, files);

  nlohmann::json const document = read_json(files.config);
  safetensors const weights = safetensors::map(files.weights);
  System const system(document, files.config, weights);
  check_all_taken(weights, System::is_buffer);
  settle_outputs(given, System::name, system.pictures(), files.config);
  picture_tokens const of = system.tokens();
  std::vector<int> const labels =
      labels_of_images(given.labels, given.images, read_label_names(document, system.class_num(), files.config),
                       system.class_num(), INT_MAX / of.sequence);

  drawing_cost cost;
  std::optional<drawing_outputs> outputs;
  system.with_sampler(choices, [&](auto const& sampler) {
    // not before all else is known to be right
    drawing_record const record = record_of(given, System::name, static_cast<int>(labels.size()),
                                            {{"weights", files.weights}, {"config", files.config}});
    outputs.emplace(given, record, system.pictures(), drawing_shape{of.count, of.channels, "labels", labels});
    drawn_images& images = outputs->images();
    cost = draw_batches(system, sampler, labels, images, given, [&](int first, std::span<float const> sequences) {
      images.add(first, picture_part(sequences, of));
    });
  });
  outputs->finish(cost);
  if (!given.quiet) outputs->print(cost);
  return 0;
}

}  // namespace detail

/// @brief A system's main().
/// @return the exit status
template <class System>
[[nodiscard]] int run_generator(int argc, char** argv) {
  static_assert(generator_system<System>,
                "examples::run_generator: the system lacks a member that examples::generator_system asks for. See "
                "docs/adding_a_system.md.");
  return run_program([&] { return detail::run_generator<System>(argc, argv); });
}

}  // namespace examples
