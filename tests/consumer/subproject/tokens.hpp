// SPDX-License-Identifier: Apache-2.0
//
// A stranger's model and sampler: a small AdaLN MLP head with made-up weights, guided, drawn in random order. All of
// it is inline, so every translation unit and shared object that includes this instantiates the same kernels.
#pragma once

#include <ardent/ardent.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace stranger {

inline constexpr int channels = 6;
inline constexpr int condition_width = 5;
inline constexpr int sequence_length = 12;
inline constexpr int images = 3;

using shape = ardent::adaln_shape<channels, 2 * channels, 40, 2, condition_width>;
using head = ardent::denoiser::adaln_mlp<float, shape>;
using plan = ardent::sampler<ardent::guidance::linear<3.0>, ardent::annealing::linear<8, 3>, ardent::solver::ddpm<>,
                             ardent::ordering::masked<sequence_length, 4>>;

/// @brief Weights from a counter, scaled like an initialiser would; and where the head finds them.
class model {
 public:
  model() : memory_((ardent::packed_bytes<float>(shape{}) + sizeof(line) - 1) / sizeof(line)) {
    constexpr int width = shape{}.width();
    ardent::adaln_weights weights;
    weights.time_in = linear(ardent::time_sinusoids, width);
    weights.time_out = linear(width, width);
    weights.condition = linear(condition_width, width);
    weights.input = linear(channels, width);
    for (int d = 0; d < shape{}.depth(); ++d) {
      ardent::adaln_block_weights block;
      block.norm_weight = numbers(width, 1.0f);
      block.norm_bias = numbers(width, 0.0f);
      block.mlp_in = linear(width, width);
      block.mlp_out = linear(width, width);
      block.modulation = linear(width, 3 * width);
      weights.blocks.push_back(block);
    }
    weights.final_modulation = linear(width, 2 * width);
    weights.output = linear(width, 2 * channels);
    ardent::pack_adaln<float>(shape{}, weights, memory_.data());
    kept_.clear();
  }

  int sequence_length() const { return stranger::sequence_length; }
  head denoiser() const { return head(shape{}, memory_.data()); }

  /// @brief The condition of a token: waves of its position and of how many tokens are known, in the second branch
  /// of the latter only.
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* z) const {
    for (int branch = 0; branch < view.branches; ++branch) {
      for (int i = 0; i < view.images; ++i) {
        for (int k = 0; k < view.tokens_per_image; ++k) {
          auto const position = static_cast<float>(view.positions[i * view.tokens_per_image + k]);
          for (int c = 0; c < condition_width; ++c) {
            *z++ = std::sin(static_cast<float>(view.ar_step + c) + (branch == 0 ? position : 0.0f));
          }
        }
      }
    }
  }

 private:
  struct alignas(64) line {
    std::byte bytes[64];
  };

  float const* numbers(int count, float centre, float scale = 0.1f) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      value = centre + scale * (static_cast<float>(state_ >> 40) * 0x1p-23f - 1.0f);
    }
    kept_.push_back(std::move(values));
    return kept_.back().data();
  }

  ardent::linear_weights linear(int inputs, int outputs) {
    return {numbers(inputs * outputs, 0.0f, 1.0f / std::sqrt(static_cast<float>(inputs))), numbers(outputs, 0.0f)};
  }

  std::uint64_t state_ = 1;
  std::vector<std::vector<float>> kept_;
  std::vector<line> memory_;
};

/// @brief Three images' tokens, [images][sequence_length][channels].
template <class Executor>
std::vector<float> tokens(std::uint64_t seed, Executor const& executor) {
  model network;
  std::vector<float> out(static_cast<std::size_t>(images * sequence_length * channels));
  ardent::generate(plan{}, network, executor, ardent::random::philox(seed), {images, 0}, std::span(out));
  return out;
}

}  // namespace stranger
