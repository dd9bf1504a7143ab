// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The AdaLN MLP head as a shortcut model: it is told the length of the step too.

#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/detail/packing_checks.hpp>
#include <ardent/detail/time_embedding.hpp>
#include <ardent/packed_matrix.hpp>

#include <cmath>
#include <cstddef>
#include <cstring>

namespace ardent {
inline namespace v0 {

/// @brief What a head embeds of a step's length d.
enum class step_size_form {
  length,    ///< d itself
  halvings,  ///< log2(1 / d): 0 for one step, 1 for two, ...
};

/// @brief The packed layers of a step-size embedding, Linear(256 to W), SiLU, Linear(W to W), over sinusoids as a
/// time's.
struct step_size_layers {
  packed_matrix<float> in;                         ///< 256 to W
  packed_matrix<float> out;                        ///< W to W
  step_size_form form = step_size_form::halvings;  ///< what is embedded
  std::size_t bytes = 0;                           ///< size of the memory

  /// @brief Lays the layers out.
  /// @param width   W
  /// @param memory  what pack_step_size wrote, aligned to 64 bytes; null to ask for the size only
  /// @param what    what is embedded
  step_size_layers(int width, void const* memory, step_size_form what = step_size_form::halvings) : form(what) {
    detail::arena a(static_cast<std::byte*>(const_cast<void*>(memory)));
    const auto layer = [&](int inputs) {
      packed_matrix<float> m;
      m.inputs = inputs;
      m.outputs = width;
      m.data = a.take<float>(packed_size<float>(inputs, width));
      m.bias = a.take<float>(static_cast<std::size_t>(width));
      return m;
    };
    in = layer(time_sinusoids);
    out = layer(width);
    bytes = a.used();
  }
};

/// @brief Packs the two layers of a step-size embedding.
/// @param width   W
/// @param in      256 to W
/// @param out     W to W
/// @param memory  step_size_layers(width, nullptr).bytes bytes, aligned to 64
/// @throws std::invalid_argument if a weight or bias is missing or not finite, or the memory is null or aligned to less
inline void pack_step_size(int width, linear_weights const& in, linear_weights const& out, void* memory) {
  detail::check_packing_memory("ardent::pack_step_size", memory);
  detail::check_layer("ardent::pack_step_size", "in", in, time_sinusoids, width);
  detail::check_layer("ardent::pack_step_size", "out", out, width, width);
  const step_size_layers to(width, memory);
  const auto pack = [](linear_weights const& from, packed_matrix<float> const& m) {
    pack_matrix(from.weight, m.inputs, m.outputs, const_cast<float*>(m.data));
    std::memcpy(const_cast<float*>(m.bias), from.bias, static_cast<std::size_t>(m.outputs) * sizeof(float));
  };
  pack(in, to.in);
  pack(out, to.out);
}

namespace denoiser {

/// @brief adaln_mlp with y = time_embed(t) + step_embed(d) + cond_embed(z), for solver::shortcut. It predicts the mean
/// velocity over the step. Time and step size are embedded together, once for each pair of a sampler's tables, so an
/// evaluation costs what adaln_mlp's does.
///
/// Source: shortcut models (arXiv 2410.12557), section 3, which embed log2(1 / d) beside t; FAR (arXiv 2504.18391).
/// @tparam Storage  float, bfloat16 or int8_weight, see adaln_mlp
/// @tparam Shape    an adaln_shape
template <class Storage = float, class Shape = adaln_shape<>>
class shortcut_adaln_mlp : public adaln_mlp<Storage, Shape> {
 public:
  static constexpr prediction predicted = prediction::velocity;  ///< of a whole step
  static constexpr bool takes_step_size = true;                  ///< it needs solver::shortcut

  /// @brief A head over packed weights, which it does not own.
  /// @param shape   the sizes; outputs = channels
  /// @param memory  what pack_adaln wrote for the same shape and storage
  /// @param steps   the step-size embedding, of the shape's width
  /// @param hoist   when modulations are computed ahead
  shortcut_adaln_mlp(Shape shape, void const* memory, step_size_layers const& steps, hoisting hoist = {})
      : adaln_mlp<Storage, Shape>(shape, memory, hoist),
        time_in_(adaln_layout<Storage, Shape>(shape, memory).time_in),
        time_out_(adaln_layout<Storage, Shape>(shape, memory).time_out),
        steps_(steps) {}

  /// @brief See adaln_mlp.
  shortcut_adaln_mlp counting(unsigned long long* nonfinite) const {
    shortcut_adaln_mlp head = *this;
    static_cast<adaln_mlp<Storage, Shape>&>(head) = adaln_mlp<Storage, Shape>::counting(nonfinite);
    return head;
  }

  /// @brief Floats of scratch to embed n pairs.
  std::size_t time_scratch(int n) const {
    return static_cast<std::size_t>(n) * static_cast<std::size_t>(1 + steps_.out.outputs) +
           adaln_mlp<Storage, Shape>::time_scratch(n);
  }

  /// @brief Embeds n pairs: table [n][W].
  template <class Block>
  void prepare_times(Block& block, timed_step const* told, int n, float* table, float* scratch) const {
    const int width = steps_.out.outputs;
    float* const numbers = scratch;
    float* const other = scratch + n;
    float* const rest = other + static_cast<std::ptrdiff_t>(n) * width;
    const strided_range rows{0, n, 1};
    const step_size_form form = steps_.form;
    block.elements(rows, {0, 1, 1}, [=](int r, int) {
      numbers[r] = form == step_size_form::length ? told[r].step_size : -std::log2(told[r].step_size);
    });
    block.sync();
    detail::embed_times(block, numbers, n, steps_.in, steps_.out, other, rest);
    block.elements(rows, {0, 1, 1}, [=](int r, int) { numbers[r] = told[r].timestep; });
    block.sync();
    detail::embed_times(block, numbers, n, time_in_, time_out_, table, rest);
    block.sync();
    block.elements(rows, {0, 1, 1}, [=](int r, int) {
      const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(r) * width;
      for (int c = 0; c < width; ++c) table[first + c] += other[first + c];
    });
  }

 private:
  packed_matrix<float> time_in_, time_out_;
  step_size_layers steps_;
};

}  // namespace denoiser
}  // namespace v0
}  // namespace ardent
