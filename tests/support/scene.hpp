// SPDX-License-Identifier: Apache-2.0
//
// Something to draw in one AR step: a made-up head, conditions and recorded noise; by the library on an executor of the
// caller's choice, with all memory NaN beforehand, or by the reference.
#pragma once

#include <ardent/generate.hpp>
#include <ardent/random/replay.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "support/made_head.hpp"
#include "support/reference_trajectory.hpp"

namespace test {

/// @brief A denoiser whose tiles and regime the test chooses, or leaves to the denoiser.
template <class Base>
struct forced : Base {
  int most;   ///< tokens of a tile; 0 leaves both to the denoiser
  bool team;  ///< all groups on one tile after the other, or a tile to each group
  /// @brief The base, forced.
  explicit forced(Base const& base, int most_of_tile = 0, bool as_team = false)
      : Base(base), most(most_of_tile), team(as_team) {}
  /// @brief As chosen.
  int most_tokens(int branches) const { return most > 0 ? most : Base::most_tokens(branches); }
  /// @brief As chosen.
  bool prefers_team(int tokens, int branches, int threads) const {
    return most > 0 ? team : Base::prefers_team(tokens, branches, threads);
  }
};

/// @brief What is drawn.
struct scene {
  made_head weights;                      ///< the head
  int images, length, steps;              ///< all tokens of all images in one AR step of `steps` denoising steps
  std::vector<float> z;                   ///< [2][images][length][condition_width]
  std::vector<float> start;               ///< [images][length][channels]
  std::vector<std::vector<float>> draws;  ///< for each denoising step the same

  /// @brief Made-up conditions and noise.
  scene(ardent::adaln_shape<> const& shape, int image_count, int tokens, int step_count)
      : weights(shape), images(image_count), length(tokens), steps(step_count) {
    made_numbers numbers(77);
    z = numbers.normals(2 * images * length * shape.condition_width());
    start = numbers.normals(images * length * shape.channels());
    for (int k = 0; k < steps; ++k) draws.push_back(numbers.normals(images * length * shape.channels()));
  }

  /// @brief [images][length][channels] by the reference; draw_token(network, x, noise) draws one token.
  template <class F>
  doubles expected(double guidance_scale, stored how, F const& draw_token) const {
    reference_head const head(weights, how);
    doubles out;
    int const channels = weights.shape.channels(), width = weights.shape.condition_width();
    for (int r = 0; r < images * length; ++r) {
      float const* const x = start.data() + r * channels;
      auto const network = guided(head, z.data() + r * width, z.data() + (images * length + r) * width, guidance_scale);
      auto const noise = [&](std::size_t k) { return draws[k].data() + r * channels; };
      doubles const token = draw_token(network, doubles(x, x + channels), noise);
      out.insert(out.end(), token.begin(), token.end());
    }
    return out;
  }
};

/// @brief The scene as a model of the library.
template <class Denoiser>
struct scene_model {
  scene const& what;                                   ///< gives the conditions
  Denoiser const head;                                 ///< draws
  int sequence_length() const { return what.length; }  ///< tokens of an image
  Denoiser denoiser() const { return head; }           ///< the head
  /// @brief The scene's conditions, both branches or the first.
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* out) const {
    std::copy_n(what.z.data(), view.branches * view.images * what.length * what.weights.shape.condition_width(), out);
  }
};

/// @brief [images][length][channels] by the library.
/// @tparam Storage  float, bfloat16 or int8_weight
/// @param most      tokens of a tile
/// @param team      the regime
/// @param hoist     when modulations are computed ahead
template <class Storage, class Sampler, class Executor>
std::vector<float> draw(scene const& what, Sampler const& sampler, Executor const& executor, int most, bool team,
                        ardent::hoisting hoist = {}) {
  auto const memory = what.weights.packed<Storage>(what.weights.shape);
  using head = ardent::denoiser::adaln_mlp<Storage>;
  scene_model<forced<head>> model{what, forced<head>(head(what.weights.shape, memory.data(), hoist), most, team)};
  std::vector<float const*> steps;
  for (std::vector<float> const& d : what.draws) steps.push_back(d.data());
  ardent::random::recorded_step const recorded{what.start.data(), steps.data()};
  aligned_bytes workspace(workspace_bytes(sampler, model, executor, what.images));
  std::vector<float> tokens(what.start.size());
  ardent::generation generation(sampler, model, executor, what.images, {workspace.data(), workspace.size()});
  generation.run(ardent::random::replay(&recorded, nullptr, what.length), 0, tokens);
  return tokens;
}

}  // namespace test
