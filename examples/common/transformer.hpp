// SPDX-License-Identifier: Apache-2.0
//
// The parts of a pre-norm vision transformer in float32: linear layers, LayerNorm, and the block of attention and MLP
// with exact GELU. One sequence a call: what a row comes out as depends on the shapes of that call alone, never on
// other sequences or on threads. Everything a call needs besides the weights lies in a workspace, so that calls on
// const weights may run at the same time, one workspace a thread, and none of them allocates.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "safetensors.hpp"

namespace examples::transformer {

/// @brief An uninitialised array of floats that begins on a boundary of 64 bytes.
class aligned_floats {
 public:
  aligned_floats() = default;
  /// @param count number of floats
  explicit aligned_floats(std::size_t count)
      : data_(static_cast<float*>(::operator new(count * sizeof(float), alignment))) {}

  [[nodiscard]] float* data() noexcept { return data_.get(); }
  [[nodiscard]] float const* data() const noexcept { return data_.get(); }

 private:
  static constexpr std::align_val_t alignment{64};
  struct release {
    void operator()(float* p) const noexcept { ::operator delete(p, alignment); }
  };
  std::unique_ptr<float, release> data_;
};

/// @brief y = x W^T + b, with W [out][in] and b [out] as the checkpoint has them.
struct linear {
  int out = 0;
  int in = 0;
  std::vector<float> weight;  ///< [out][in]
  std::vector<float> bias;    ///< [out]

  /// @brief Reads PREFIX.weight [out, in] and PREFIX.bias [out].
  /// @throws input_error if one is missing, has another shape or holds a value that is not finite
  [[nodiscard]] static linear load(safetensors const& file, std::string const& prefix, int out, int in);
};

/// @brief LayerNorm with scale and offset; the variance is the biased one and epsilon is added to it.
struct layer_norm {
  static constexpr float epsilon = 1e-6F;  ///< every LayerNorm of MAR and Harmon has this one
  int width = 0;
  std::vector<float> weight;  ///< [width]
  std::vector<float> bias;    ///< [width]

  /// @brief Reads PREFIX.weight and PREFIX.bias, both [width].
  /// @throws input_error as linear::load
  [[nodiscard]] static layer_norm load(safetensors const& file, std::string const& prefix, int width);
};

/// @brief A pre-norm block: x += proj(attention(qkv(norm1(x)))), then x += fc2(GELU(fc1(norm2(x)))).
///
/// The rows of qkv are (query, key, value) x heads x head width; scores are scaled by 1/sqrt(head width); GELU is the
/// exact one, x Phi(x). (Dosovitskiy et al., An Image is Worth 16x16 Words, 2021, in timm's parameter layout.)
struct block {
  int heads = 0;  ///< divides the width
  layer_norm norm1;
  linear qkv;   ///< [3 width][width]
  linear proj;  ///< [width][width]
  layer_norm norm2;
  linear fc1;  ///< [hidden][width]
  linear fc2;  ///< [width][hidden]

  /// @brief Reads PREFIX.norm1, .attn.qkv, .attn.proj, .norm2, .mlp.fc1 and .mlp.fc2.
  /// @pre heads divides width
  /// @throws input_error as linear::load
  [[nodiscard]] static block load(safetensors const& file, std::string const& prefix, int width, int heads, int hidden);
  [[nodiscard]] int width() const noexcept { return proj.out; }
};

/// @brief The temporaries of a block. One may serve blocks of several sizes, one after the other.
class workspace {
 public:
  /// @brief Most rows (and outputs) of one matrix product; longer ones are done piece by piece.
  static constexpr int panel = 128;

  /// @param rows longest sequence, at least 1
  /// @param width largest width of a block
  /// @param hidden largest hidden width of an MLP
  workspace(int rows, int width, int hidden);

  /// @brief Queries, keys and values, [rows][3 width] for the width of the block at work.
  [[nodiscard]] float* qkv() noexcept { return qkv_.data(); }
  /// @brief LayerNorm's result, then the attention's, [rows][width].
  [[nodiscard]] float* features() noexcept { return features_.data(); }
  /// @brief The MLP's hidden layer, [rows][hidden].
  [[nodiscard]] float* hidden() noexcept { return hidden_.data(); }
  /// @brief The attention weights of one head and up to `panel` queries, [panel][score_stride()].
  [[nodiscard]] float* scores() noexcept { return scores_.data(); }
  /// @brief Floats from one row of scores to the next.
  [[nodiscard]] int score_stride() const noexcept { return score_stride_; }

 private:
  int score_stride_;
  aligned_floats features_, qkv_, hidden_, scores_;
};

/// @brief y = layer(x).
/// @param x [rows][layer.in]
/// @param rows at least 0
/// @param y [rows][layer.out], must not overlap x
void apply(linear const& layer, float const* x, int rows, float* y);

/// @brief y = norm(x).
/// @param x [rows][norm.width]
/// @param rows at least 0
/// @param y [rows][norm.width], x itself or not overlapping it
void apply(layer_norm const& norm, float const* x, int rows, float* y);

/// @brief First half of a block: writes qkv(norm1(x)) of the rows [begin, end) into work.qkv().
///
/// These rows depend on nothing but the same rows of x, so where x is known beforehand the caller may keep them and
/// copy them into work.qkv() instead.
/// @param x [end][width], the sequence that enters the block
/// @param begin first row to do
/// @param end one past the last row to do
/// @param first_query queries are written only for rows from here on, keys and values for all
/// @param work of at least `end` rows and the block's widths
void project_qkv(block const& layer, float const* x, int begin, int end, int first_query, workspace& work);

/// @brief Second half of a block: attention over work.qkv(), projection and MLP, added to x.
/// @param x [rows][width]; the rows [first_query, rows) are updated, the others neither read nor written
/// @param rows length of the sequence; work.qkv() holds keys and values of all its rows
/// @param first_query first row that is wanted; 0 for all
/// @param work as for project_qkv
void attend_and_mlp(block const& layer, float* x, int rows, int first_query, workspace& work);

/// @brief A whole block, x = layer(x), for the rows [first_query, rows).
void apply(block const& layer, float* x, int rows, int first_query, workspace& work);

}  // namespace examples::transformer
