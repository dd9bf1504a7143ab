// SPDX-License-Identifier: Apache-2.0
//
// A case: a head's weights, conditions and noise in one file, as head.py's write_case writes it, for ardent to draw.
//
// int32 [8] = 0x41524431, channels, width, depth, condition width, tokens, steps, 0; then float32: guidance scale,
// temperature; time_in, time_out, condition, input (weight, bias each); for each block the norm (weight, bias), mlp_in,
// mlp_out, modulation; final_modulation, output; z [2][tokens][condition width]; start [tokens][channels]; draws
// [steps][tokens][channels].
#pragma once

#include <ardent/ardent.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// @brief A case, in memory.
class given {
 public:
  /// @throws std::runtime_error if the file is no case
  explicit given(char const* path) {
    std::ifstream file(path, std::ios::binary);
    std::int32_t head[8] = {};
    file.read(reinterpret_cast<char*>(head), sizeof head);
    if (!file || head[0] != 0x41524431) throw std::runtime_error(std::string(path) + ": expected a case, found none");
    shape = {head[1], 2 * head[1], head[2], head[3], head[4]};
    tokens = head[5];
    steps = head[6];
    file.seekg(0, std::ios::end);
    numbers_.resize((static_cast<std::size_t>(file.tellg()) - sizeof head) / sizeof(float));
    file.seekg(sizeof head);
    file.read(reinterpret_cast<char*>(numbers_.data()), static_cast<std::streamsize>(numbers_.size() * sizeof(float)));
    guidance_scale = *take(1);
    temperature = *take(1);
    const int width = shape.width();
    weights.time_in = linear(ardent::time_sinusoids, width);
    weights.time_out = linear(width, width);
    weights.condition = linear(shape.condition_width(), width);
    weights.input = linear(shape.channels(), width);
    for (int d = 0; d < shape.depth(); ++d) {
      ardent::adaln_block_weights& block = weights.blocks.emplace_back();
      block.norm_weight = take(width);
      block.norm_bias = take(width);
      block.mlp_in = linear(width, width);
      block.mlp_out = linear(width, width);
      block.modulation = linear(width, 3 * width);
    }
    weights.final_modulation = linear(width, 2 * width);
    weights.output = linear(width, shape.outputs());
    z = take(2 * tokens * shape.condition_width());
    start = take(tokens * shape.channels());
    for (int k = 0; k < steps; ++k) draws.push_back(take(tokens * shape.channels()));
    if (place_ != numbers_.size()) throw std::runtime_error(std::string(path) + ": longer than its sizes say");
  }

  /// @brief One AR step: DDPM with learned range and guidance.
  /// @param count  tokens of it, the case's first ones
  /// @param of     denoising steps, of which the first have the case's draws
  auto sampler(int count, int of) const {
    return ardent::make_sampler(ardent::ordering::raster{count, 1}, ardent::annealing::constant{of},
                                ardent::grid::respaced{}, ardent::solver::ddpm<>{},
                                ardent::guidance::constant{static_cast<double>(guidance_scale)},
                                ardent::temperature::constant{static_cast<double>(temperature)});
  }
  /// @brief Numbers of all samples.
  std::size_t size() const { return static_cast<std::size_t>(tokens * shape.channels()); }

  ardent::adaln_shape<> shape{1, 1, 1, 1, 1};  // until it is read
  int tokens = 0, steps = 0;
  float guidance_scale = 1, temperature = 1;
  ardent::adaln_weights weights;
  float const *z = nullptr, *start = nullptr;
  std::vector<float const*> draws;

 private:
  float const* take(int count) {
    const std::size_t from = place_;
    place_ += static_cast<std::size_t>(count);
    if (count < 0 || place_ > numbers_.size()) throw std::runtime_error("the case is shorter than its sizes say");
    return numbers_.data() + from;
  }
  ardent::linear_weights linear(int inputs, int outputs) {
    float const* const weight = take(inputs * outputs);
    return {weight, take(outputs)};
  }

  std::vector<float> numbers_;
  std::size_t place_ = 0;
};

/// @brief The first tokens of a case as a model of `generate`.
template <class Storage>
struct given_model {
  given const& what;
  int tokens;
  ardent::denoiser::adaln_mlp<Storage> head;
  int sequence_length() const { return tokens; }
  auto denoiser() const { return head; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* out) const {
    const std::ptrdiff_t width = what.shape.condition_width();
    for (int branch = 0; branch < view.branches; ++branch)
      std::copy_n(what.z + branch * what.tokens * width, tokens * width, out + branch * tokens * width);
  }
};

}  // namespace bench
