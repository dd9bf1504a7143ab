// SPDX-License-Identifier: Apache-2.0
//
// What backbone::condition computes, for all images and both guidance branches at once, as a list of kernels and matrix
// products. A machine carries them out: the GPU's enqueues them on a stream, the tests' runs them on the host.
#pragma once

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstddef>

#include <ardent/model.hpp>

#include "kernels.hpp"
#include "mar/config.hpp"
#include "weights.hpp"

namespace examples::mar::gpu {

/// @brief y [batch][rows][outputs] = x w^T (+ bias) (+ y), with x [batch][rows][inputs] and w [batch][outputs][inputs].
/// Sums are float32. All pointers are aligned to carver::alignment.
/// @tparam Storage of x and w
template <class Storage>
struct matrix_product {
  Storage const* x;
  Storage const* w;
  float* y;
  int rows, inputs, outputs;
  int x_stride, w_stride, y_stride;  ///< numbers from one row to the next
  float const* bias = nullptr;       ///< [outputs], or null
  bool add = false;                  ///< to what is in y
  bool w_by_input = false;           ///< w is [batch][inputs][outputs] instead
  int batch = 1;
  std::ptrdiff_t x_step = 0, w_step = 0, y_step = 0;  ///< numbers from one of the batch to the next
};

/// @brief All temporaries of a batch.
/// @tparam Storage what the inputs of products are kept in
template <class Storage>
struct condition_memory {
  static constexpr std::size_t most_at_once = std::size_t{1}
                                              << 26;  ///< numbers of scores, for attention piece by piece

  int* order;                        ///< [images][length]
  Storage* picked;                   ///< [images][length][channels]
  float* x;                          ///< [rows][width]: what the blocks add to
  float* y;                          ///< [rows][width]
  float* wide;                       ///< [rows][3 width or hidden]
  Storage* narrow;                   ///< [rows][width]: inputs of products
  Storage* activated;                ///< [rows][hidden]
  Storage *queries, *keys, *values;  ///< [split_size]
  float* scores;                     ///< [score_size]
  Storage* shares;                   ///< [score_size]: the scores' softmax
  float* mixed;                      ///< [split_size]: values so weighted
  std::size_t split_size, score_size, bytes;

  /// @brief Numbers from one row of scores to the next.
  static int score_stride(int keys) { return (keys + 7) / 8 * 8; }

  /// @brief The most images of a batch whose indices fit into an int; 0 if not even one image's do.
  static int most_images(config const& sizes, int branches) {
    long long const widest = std::max({3 * sizes.encoder_embed_dim, 3 * sizes.decoder_embed_dim, sizes.encoder_hidden(),
                                       sizes.decoder_hidden(), sizes.token_channels()});
    long long const longest = sizes.buffer_size + sizes.seq_len();
    long long const heads = std::max(sizes.encoder_num_heads, sizes.decoder_num_heads);
    if (longest * score_stride(static_cast<int>(longest)) > INT_MAX / heads) return 0;
    return static_cast<int>(INT_MAX / (branches * longest) / widest);
  }

  /// @param sizes the network's
  /// @param images of the largest batch, at most most_images()
  /// @param branches 1, or 2 with guidance
  /// @param memory aligned to carver::alignment; null to ask for the size only
  condition_memory(config const& sizes, int images, int branches, std::byte* memory) {
    auto const size = [](int n) { return static_cast<std::size_t>(n); };
    std::size_t const longest = size(sizes.buffer_size + sizes.seq_len());
    std::size_t const sequences = size(images) * size(branches), rows = sequences * longest;
    std::size_t const width = size(std::max(sizes.encoder_embed_dim, sizes.decoder_embed_dim));
    std::size_t const hidden = size(std::max(sizes.encoder_hidden(), sizes.decoder_hidden()));
    std::size_t const heads = size(std::max(sizes.encoder_num_heads, sizes.decoder_num_heads));
    std::size_t const of_sequence = heads * longest * size(score_stride(static_cast<int>(longest)));
    score_size = std::max(of_sequence, std::min(of_sequence * sequences, most_at_once));
    split_size = std::max(longest * width, std::min(rows * width, most_at_once));
    carver a(memory);
    order = a.take<int>(size(images) * size(sizes.seq_len()));
    picked = a.take<Storage>(size(images) * size(sizes.seq_len()) * size(sizes.token_channels()));
    x = a.take<float>(rows * width);
    y = a.take<float>(rows * width);
    wide = a.take<float>(rows * std::max(3 * width, hidden));
    narrow = a.take<Storage>(rows * width);
    activated = a.take<Storage>(rows * hidden);
    queries = a.take<Storage>(split_size);
    keys = a.take<Storage>(split_size);
    values = a.take<Storage>(split_size);
    scores = a.take<float>(score_size);
    shares = a.take<Storage>(score_size);
    mixed = a.take<float>(split_size);
    bytes = a.used();
  }
};

/// @brief The list.
/// @tparam Machine `each(count, body)` runs a body of elements, `rows(count, body)` one of rows (see kernels.hpp),
///   `product(p)` a matrix_product; one after the other, each on what the ones before wrote
template <class Storage, class Machine>
class condition_list {
 public:
  condition_list(Machine& machine, config const& sizes, device_weights<Storage> const& weights,
                 condition_memory<Storage> const& memory)
      : machine_(machine), sizes_(sizes), w_(weights), m_(memory) {}

  /// @brief The conditions of an AR step.
  /// @param view its arrays where the machine can reach them
  /// @param labels [images] likewise; negative: no class
  /// @param z [branches][images][tokens_per_image][decoder width], written
  void enqueue(ardent::ar_step_view const& view, int const* labels, float* z) {
    int const images = view.images, sequences = images * view.branches, known = view.tokens_known;
    int const length = sizes_.seq_len(), buffer = sizes_.buffer_size, channels = sizes_.token_channels();
    int const seen = buffer + known, all = buffer + length, count = view.tokens_per_image;
    int const encoder = sizes_.encoder_embed_dim, decoder = sizes_.decoder_embed_dim;
    machine_.each(images * length, arrange_tokens{view.known, view.positions, m_.order, length, count, known});
    if (known > 0) {
      machine_.each(images * known * channels,
                    gather_known<Storage>{view.tokens, m_.order, m_.picked, length, known, channels});
      linear(w_.z_proj, m_.picked, images * known, m_.y);
    }
    machine_.each(sequences * seen * encoder,
                  embed_for_encoder{w_.class_emb, w_.fake_latent, w_.encoder_pos, m_.y, labels, m_.order, m_.x, images,
                                    length, buffer, known, encoder});
    normalise(w_.z_proj_ln, m_.x, sequences * seen, encoder, m_.x);
    for (device_block<Storage> const& layer : w_.encoder)
      block(layer, sequences, seen, encoder, sizes_.encoder_num_heads);
    normalise(w_.encoder_norm, m_.x, sequences * seen, encoder, m_.narrow);
    linear(w_.decoder_embed, m_.narrow, sequences * seen, m_.y);
    machine_.each(sequences * all * decoder, embed_for_decoder{w_.decoder_pos, w_.mask_rows, m_.y, m_.order, m_.x,
                                                               images, length, buffer, known, decoder});
    for (device_block<Storage> const& layer : w_.decoder)
      block(layer, sequences, all, decoder, sizes_.decoder_num_heads);
    machine_.rows(sequences * count, condition_rows{m_.x, w_.decoder_norm.weight, w_.decoder_norm.bias,
                                                    w_.diffusion_pos, view.positions, z, images, all, count, decoder});
  }

 private:
  template <class To>
  void normalise(device_norm const& norm, float const* x, int rows, int width, To* to) {
    machine_.rows(rows, layer_norm_rows<To>{x, norm.weight, norm.bias, to, width});
  }

  void linear(device_linear<Storage> const& layer, Storage const* x, int rows, float* y, bool add = false) {
    matrix_product<Storage> p{x, layer.weight, y, rows, layer.in, layer.out, layer.in, layer.in, layer.out};
    p.bias = layer.bias;
    p.add = add;
    machine_.product(p);
  }

  // A pre-norm block on x [sequences][rows][width].
  void block(device_block<Storage> const& layer, int sequences, int rows, int width, int heads) {
    int const all = sequences * rows;
    normalise(layer.norm1, m_.x, all, width, m_.narrow);
    linear(layer.qkv, m_.narrow, all, m_.wide);
    std::size_t const of_sequence = static_cast<std::size_t>(heads) * static_cast<std::size_t>(rows) *
                                    static_cast<std::size_t>(condition_memory<Storage>::score_stride(rows));
    std::size_t const at_once =
        std::min(m_.score_size / of_sequence,
                 m_.split_size / (static_cast<std::size_t>(rows) * static_cast<std::size_t>(width)));
    int const step = static_cast<int>(std::min(at_once, static_cast<std::size_t>(sequences)));
    for (int first = 0; first < sequences; first += step)
      attend(first, std::min(step, sequences - first), rows, width, heads);
    linear(layer.proj, m_.narrow, all, m_.x, true);
    normalise(layer.norm2, m_.x, all, width, m_.narrow);
    linear(layer.fc1, m_.narrow, all, m_.wide);
    machine_.each(all * layer.fc1.out, gelu<Storage>{m_.wide, m_.activated});
    linear(layer.fc2, m_.activated, all, m_.x, true);
  }

  // narrow = the attention's result for these sequences, from wide.
  void attend(int first, int sequences, int rows, int width, int heads) {
    int const head_width = width / heads, stride = condition_memory<Storage>::score_stride(rows);
    std::ptrdiff_t const before = static_cast<std::ptrdiff_t>(first) * rows * width;
    machine_.each(sequences * rows * 3 * width,
                  split_heads<Storage>{m_.wide + 3 * before, m_.queries, m_.keys, m_.values, rows, heads, head_width});
    matrix_product<Storage> score{m_.queries, m_.keys,    m_.scores,  rows,  head_width,
                                  rows,       head_width, head_width, stride};
    score.batch = sequences * heads;
    score.x_step = score.w_step = static_cast<std::ptrdiff_t>(rows) * head_width;
    score.y_step = static_cast<std::ptrdiff_t>(rows) * stride;
    machine_.product(score);
    machine_.rows(score.batch * rows, softmax_rows<Storage>{m_.scores, m_.shares, rows, stride,
                                                            1.0f / std::sqrt(static_cast<float>(head_width))});
    matrix_product<Storage> mix{m_.shares, m_.values, m_.mixed, rows, rows, head_width, stride, head_width, head_width};
    mix.w_by_input = true;
    mix.batch = score.batch;
    mix.x_step = score.y_step;
    mix.w_step = mix.y_step = score.x_step;
    machine_.product(mix);
    machine_.each(sequences * rows * width,
                  merge_heads<Storage>{m_.mixed, m_.narrow + before, rows, heads, head_width});
  }

  Machine& machine_;
  config const& sizes_;
  device_weights<Storage> const& w_;
  condition_memory<Storage> const& m_;
};

}  // namespace examples::mar::gpu
