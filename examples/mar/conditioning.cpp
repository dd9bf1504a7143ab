// SPDX-License-Identifier: Apache-2.0
//
// From known tokens to conditions.
#include "conditioning.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace examples::mar {
namespace {

// Row `row` of a matrix.
template <class T>
T* row_of(T* m, int row, int width) {
  return m + static_cast<std::ptrdiff_t>(row) * width;
}

// to = a + b
void add(float const* a, float const* b, int width, float* to) {
  for (int i = 0; i < width; ++i) to[i] = a[i] + b[i];
}

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

}  // namespace

backbone::scratch::scratch(backbone const& network, matrix_format format)
    : sizes_(network.config_),
      format_(format),
      order_(static_cast<std::size_t>(sizes_.seq_len())),
      fresh_(static_cast<std::size_t>(sizes_.seq_len())),
      tokens_(product(sizes_.seq_len(), sizes_.token_channels())),
      encoded_(product(sizes_.buffer_size + sizes_.seq_len(), sizes_.encoder_embed_dim)),
      decoded_(product(sizes_.buffer_size + sizes_.seq_len(), sizes_.decoder_embed_dim)),
      blocks_(sizes_.buffer_size + sizes_.seq_len(), std::max(sizes_.encoder_embed_dim, sizes_.decoder_embed_dim),
              std::max(sizes_.encoder_hidden(), sizes_.decoder_hidden()), network.level_) {
  network.pack(format);
}

backbone::history::history(backbone const& network, matrix_format format)
    : of_(network.packed_.get()),
      format_(format),
      known_(static_cast<std::size_t>(network.config_.seq_len())),
      tokens_(product(network.config_.seq_len(), network.config_.token_channels())),
      rows_(product(network.config_.buffer_size + network.config_.seq_len(), network.config_.encoder_embed_dim)),
      qkv_(product(network.config_.buffer_size + network.config_.seq_len(), 3 * network.config_.encoder_embed_dim)) {}

std::size_t backbone::history::bytes(config const& sizes) {
  return product(sizes.seq_len(), sizes.token_channels()) * sizeof(float) +
         product(sizes.buffer_size + sizes.seq_len(), 4 * sizes.encoder_embed_dim) * sizeof(float);
}

// Fills work_.order_; returns the number of known tokens.
template <class Storage>
int conditioning<Storage>::arrange(std::uint8_t const* known, int const* positions, int count) {
  int const length = sizes_.seq_len();
  int const known_count = length - static_cast<int>(std::count(known, known + length, std::uint8_t{0}));
  if (count < 0 || count > length - known_count) {
    throw std::invalid_argument("mar::backbone: more positions to predict than unknown tokens");
  }
  int* const order = work_.order_.data();
  int* to_known = order;
  int* to_unknown = to_known + known_count;
  int next = 0;
  for (int i = 0; i < length; ++i) {
    if (next < count && positions[next] == i && known[i] == 0) {
      ++next;
    } else if (known[i] != 0) {
      *to_known++ = i;
    } else if (to_unknown != order + (length - count)) {
      *to_unknown++ = i;
    }
  }
  if (next != count) {
    throw std::invalid_argument("mar::backbone: positions are not ascending positions of unknown tokens");
  }
  std::copy(positions, positions + count, to_unknown);
  return known_count;
}

// The rows of the buffer as they enter the encoder.
template <class Storage>
void conditioning<Storage>::enter_class(int label, float* rows) {
  int const width = sizes_.encoder_embed_dim;
  float const* const class_row = label < 0 ? network_.fake_latent : row_of(network_.class_emb, label, width);
  for (int i = 0; i < sizes_.buffer_size; ++i) {
    add(class_row, row_of(network_.encoder_pos, i, width), width, row_of(rows, i, width));
  }
  transformer::apply(network_.z_proj_ln, rows, sizes_.buffer_size, rows, work_.blocks_);
}

// The rows of known tokens likewise.
template <class Storage>
void conditioning<Storage>::enter_tokens(float const* tokens, int const* positions, int count, float* rows) {
  int const width = sizes_.encoder_embed_dim, channels = sizes_.token_channels();
  for (int i = 0; i < count; ++i) {
    std::copy_n(row_of(tokens, positions[i], channels), channels, row_of(work_.tokens_.data(), i, channels));
  }
  transformer::apply(network_.z_proj, work_.tokens_.data(), count, rows, work_.blocks_);
  for (int i = 0; i < count; ++i) {
    float* const row = row_of(rows, i, width);
    add(row, row_of(network_.encoder_pos, sizes_.buffer_size + positions[i], width), width, row);
  }
  transformer::apply(network_.z_proj_ln, rows, count, rows, work_.blocks_);
}

// work_.encoded_ = the rows that enter the encoder, and their qkv in its first block.
template <class Storage>
void conditioning<Storage>::first_of_encoder(int label, float const* tokens, int known_count) {
  int const width = sizes_.encoder_embed_dim, buffer = sizes_.buffer_size;
  float* const x = work_.encoded_.data();
  if (kept_ != nullptr) {
    keep_new(label, tokens, known_count);
    recall(known_count);
    return;
  }
  enter_class(label, x);
  enter_tokens(tokens, work_.order_.data(), known_count, row_of(x, buffer, width));
  transformer::project_qkv(network_.encoder.front(), x, 0, buffer + known_count, 0, work_.blocks_);
}

// Makes the rows that are not kept yet. A row's bits do not depend on which others are made in the same call.
template <class Storage>
void conditioning<Storage>::keep_new(int label, float const* tokens, int known_count) {
  int const width = sizes_.encoder_embed_dim, buffer = sizes_.buffer_size, channels = sizes_.token_channels();
  backbone::history& kept = *kept_;
  float* const x = work_.encoded_.data();
  int const key = label < 0 ? -1 : label;
  if (kept.label_ != key) {
    kept.label_ = backbone::history::no_rows;
    enter_class(label, kept.rows_.data());
    transformer::project_qkv(network_.encoder.front(), kept.rows_.data(), 0, buffer, 0, work_.blocks_);
    std::copy_n(work_.blocks_.qkv(), product(buffer, 3 * width), kept.qkv_.data());
    kept.label_ = key;
  }
  int fresh = 0;
  for (int i = 0; i < known_count; ++i) {
    int const position = work_.order_[static_cast<std::size_t>(i)];
    std::uint8_t& flag = kept.known_[static_cast<std::size_t>(position)];
    float const* const token = row_of(tokens, position, channels);
    float* const copy = row_of(kept.tokens_.data(), position, channels);
    // by their bytes: tokens are not always numbers, and -0 is not 0 to every network
    std::size_t const bytes = static_cast<std::size_t>(channels) * sizeof(float);
    if (flag != 0 && std::memcmp(copy, token, bytes) == 0) continue;
    std::memcpy(copy, token, bytes);
    flag = 1;
    work_.fresh_[static_cast<std::size_t>(fresh++)] = position;
  }
  if (fresh == 0) return;
  enter_tokens(tokens, work_.fresh_.data(), fresh, x);
  transformer::project_qkv(network_.encoder.front(), x, 0, fresh, 0, work_.blocks_);
  for (int i = 0; i < fresh; ++i) {
    int const row = buffer + work_.fresh_[static_cast<std::size_t>(i)];
    std::copy_n(row_of(x, i, width), width, row_of(kept.rows_.data(), row, width));
    std::copy_n(row_of(work_.blocks_.qkv(), i, 3 * width), 3 * width, row_of(kept.qkv_.data(), row, 3 * width));
  }
}

// Puts kept rows where a call without history would have made them.
template <class Storage>
void conditioning<Storage>::recall(int known_count) {
  int const width = sizes_.encoder_embed_dim, buffer = sizes_.buffer_size;
  float* const x = work_.encoded_.data();
  float* const qkv = work_.blocks_.qkv();
  std::copy_n(kept_->rows_.data(), product(buffer, width), x);
  std::copy_n(kept_->qkv_.data(), product(buffer, 3 * width), qkv);
  for (int i = 0; i < known_count; ++i) {
    int const from = buffer + work_.order_[static_cast<std::size_t>(i)], to = buffer + i;
    std::copy_n(row_of(kept_->rows_.data(), from, width), width, row_of(x, to, width));
    std::copy_n(row_of(kept_->qkv_.data(), from, 3 * width), 3 * width, row_of(qkv, to, 3 * width));
  }
}

// work_.decoded_ = the decoder's input; of unknown tokens, their qkv in its first block as well.
template <class Storage>
void conditioning<Storage>::embed_for_decoder(int known_count) {
  int const width = sizes_.decoder_embed_dim, buffer = sizes_.buffer_size;
  float* const x = work_.decoded_.data();
  transformer::apply(network_.decoder_embed, work_.encoded_.data(), buffer + known_count, x, work_.blocks_);
  for (int i = 0; i < buffer; ++i) {
    add(row_of(x, i, width), row_of(network_.decoder_pos, i, width), width, row_of(x, i, width));
  }
  for (int i = 0; i < sizes_.seq_len(); ++i) {
    int const position = work_.order_[static_cast<std::size_t>(i)];
    float* const row = row_of(x, buffer + i, width);
    if (i < known_count) {
      add(row, row_of(network_.decoder_pos, buffer + position, width), width, row);
    } else {
      std::copy_n(row_of(network_.mask_rows, position, width), width, row);
      std::copy_n(row_of(network_.mask_qkv, position, 3 * width), 3 * width,
                  row_of(work_.blocks_.qkv(), buffer + i, 3 * width));
    }
  }
}

template <class Storage>
void conditioning<Storage>::decode(int known_count, int const* positions, int count, float* z) {
  int const width = sizes_.decoder_embed_dim, rows = sizes_.buffer_size + sizes_.seq_len();
  float* const x = work_.decoded_.data();
  for (auto const& layer : network_.decoder) {
    // The last block's rows are read only where they were asked for; it needs keys and values of all of them. (Few
    // queries could be taken through the keys' and values' weights instead: 1 % of MAR-B's work, at other rounding.)
    int const first_query = &layer == &network_.decoder.back() ? rows - count : 0;
    // embed_for_decoder has filled in the rest of the first block.
    int const end = &layer == &network_.decoder.front() ? sizes_.buffer_size + known_count : rows;
    transformer::project_qkv(layer, x, 0, end, first_query, work_.blocks_);
    transformer::attend_and_mlp(layer, x, rows, first_query, work_.blocks_);
  }
  float* const normed = work_.blocks_.features();
  transformer::apply(network_.decoder_norm, row_of(x, rows - count, width), count, normed, work_.blocks_);
  for (int i = 0; i < count; ++i) {
    add(row_of(normed, i, width), row_of(network_.diffusion_pos, positions[i], width), width, row_of(z, i, width));
  }
}

template <class Storage>
void conditioning<Storage>::run(int label, float const* tokens, std::uint8_t const* known, int const* positions,
                                int count, float* z) {
  int const known_count = arrange(known, positions, count);
  if (count == 0) return;
  int const rows = sizes_.buffer_size + known_count;
  float* const x = work_.encoded_.data();
  first_of_encoder(label, tokens, known_count);
  for (auto const& layer : network_.encoder) {
    if (&layer != &network_.encoder.front()) transformer::project_qkv(layer, x, 0, rows, 0, work_.blocks_);
    transformer::attend_and_mlp(layer, x, rows, 0, work_.blocks_);
  }
  transformer::apply(network_.encoder_norm, x, rows, x, work_.blocks_);
  embed_for_decoder(known_count);
  decode(known_count, positions, count, z);
}

template class conditioning<float>;
template class conditioning<ardent::bfloat16>;

}  // namespace examples::mar
