// SPDX-License-Identifier: Apache-2.0
//
// A step of a sequence, fresh or not: the difference is how many tokens enter, and whether rows leave.
#include "cached_conditioning.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "conditioning.hpp"

namespace examples::mar {
namespace {

// Row `row` of a matrix.
template <class T>
T* row_of(T* m, int row, int width) {
  return m + static_cast<std::ptrdiff_t>(row) * width;
}

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

int rows_of(config const& sizes) { return sizes.buffer_size + sizes.seq_len(); }

// Keys and values of a stack's blocks.
std::size_t kept_floats(config const& sizes, int depth, int width) {
  return static_cast<std::size_t>(depth) * product(rows_of(sizes), 2 * width);
}

// The cosine of two vectors; one of length 0 counts as one of length 1e-8.
double cosine(float const* a, float const* b, int count) {
  double ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < count; ++i) {
    double const x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  constexpr double least = 1e-8;
  return ab / (std::max(std::sqrt(aa), least) * std::max(std::sqrt(bb), least));
}

}  // namespace

backbone::cached_sequence::cached_sequence(backbone const& network, matrix_format format)
    : of_(network.packed_.get()),
      format_(format),
      entered_(static_cast<std::size_t>(network.config_.seq_len())),
      kept_(static_cast<std::size_t>(rows_of(network.config_))),
      scores_(static_cast<std::size_t>(rows_of(network.config_))),
      rows_(static_cast<std::size_t>(rows_of(network.config_))),
      encoder_(kept_floats(network.config_, network.config_.encoder_depth, network.config_.encoder_embed_dim)),
      input_(product(rows_of(network.config_), network.config_.decoder_embed_dim)),
      decoder_(kept_floats(network.config_, network.config_.decoder_depth, network.config_.decoder_embed_dim)) {
  network.pack(format);
}

std::size_t backbone::cached_sequence::bytes(config const& sizes) {
  return sizeof(float) * (kept_floats(sizes, sizes.encoder_depth, sizes.encoder_embed_dim) +
                          kept_floats(sizes, sizes.decoder_depth, sizes.decoder_embed_dim) +
                          product(rows_of(sizes), sizes.decoder_embed_dim));
}

// work_.order_ = the tokens that enter now; returns how many. The decoder's input of all others is as it has to be.
template <class Storage>
int cached_conditioning<Storage>::enter(sequence_step const& step) {
  int const length = sizes_.seq_len(), buffer = sizes_.buffer_size, width = sizes_.decoder_embed_dim;
  int next = 0;
  for (int i = 0; i < length; ++i)
    if (next < step.count && step.positions[next] == i && step.known[i] == 0) ++next;
  if (step.count < 0 || next != step.count)
    throw std::invalid_argument("mar::backbone: positions are not ascending positions of unknown tokens");
  if (step.fresh) {
    state_.encoder_rows_ = 0;
    std::fill(state_.entered_.begin(), state_.entered_.end(), std::uint8_t{0});
    std::copy_n(network_.mask_rows, product(length, width), row_of(state_.input_.data(), buffer, width));
  } else if (state_.encoder_rows_ == 0) {
    throw std::invalid_argument("mar::backbone: the first step of a sequence has to be a fresh one");
  }
  for (int i = 0; i < length; ++i)
    if (step.known[i] == 0 && state_.entered_[static_cast<std::size_t>(i)] != 0)
      throw std::invalid_argument("mar::backbone: a token that was known is not, and the step is not a fresh one");
  int entered = 0;
  for (int i = 0; i < length; ++i) {
    std::uint8_t& there = state_.entered_[static_cast<std::size_t>(i)];
    if (step.known[i] == 0 || there != 0) continue;
    work_.order_[static_cast<std::size_t>(entered++)] = i;
    there = 1;
  }
  return entered;
}

// work_.encoded_ = the encoder's output of its first `rows` rows.
template <class Storage>
void cached_conditioning<Storage>::encode(int rows) {
  int const width = sizes_.encoder_embed_dim, buffer = sizes_.buffer_size;
  int const before = state_.encoder_rows_ == 0 ? buffer : state_.encoder_rows_;
  int const all = before + rows - buffer;
  float* const x = work_.encoded_.data();
  float* kept = state_.encoder_.data();
  for (auto const& layer : network_.encoder) {
    transformer::project_qkv(layer, x, 0, rows, 0, work_.blocks_);
    for (int i = 0; i < rows; ++i) {
      int const to = i < buffer ? i : before + i - buffer;
      std::copy_n(row_of(work_.blocks_.qkv(), i, 3 * width) + width, 2 * width, row_of(kept, to, 2 * width));
    }
    transformer::attend(layer, x, rows, kept, all, work_.blocks_);
    transformer::add_mlp(layer, x, rows, work_.blocks_);
    kept += product(rows_of(sizes_), 2 * width);
  }
  state_.encoder_rows_ = all;
  transformer::apply(network_.encoder_norm, x, rows, x, work_.blocks_);
}

// These rows as they enter the decoder.
template <class Storage>
void cached_conditioning<Storage>::embed(int rows) {
  int const width = sizes_.decoder_embed_dim, buffer = sizes_.buffer_size;
  float* const x = work_.decoded_.data();
  transformer::apply(network_.decoder_embed, work_.encoded_.data(), rows, x, work_.blocks_);
  for (int i = 0; i < rows; ++i) {
    int const to = i < buffer ? i : buffer + work_.order_[static_cast<std::size_t>(i - buffer)];
    float const* const from = row_of(x, i, width);
    float const* const position = row_of(network_.decoder_pos, to, width);
    float* const row = row_of(state_.input_.data(), to, width);
    for (int c = 0; c < width; ++c) row[c] = from[c] + position[c];
  }
}

// The scores of this step, from the values in work_.blocks_.qkv() and those kept of the step before.
template <class Storage>
void cached_conditioning<Storage>::score(sequence_step const& step, int entered, float* old) {
  int const width = sizes_.decoder_embed_dim, heads = sizes_.decoder_num_heads, head = width / heads;
  std::vector<float>& scores = state_.scores_;
  for (int r = 0; r < rows_of(sizes_); ++r) {
    double sum = 0;
    for (int h = 0; h < heads; ++h)
      sum += cosine(row_of(work_.blocks_.qkv(), r, 3 * width) + 2 * width + h * head,
                    row_of(old, r, 2 * width) + width + h * head, head);
    // what is not a number has no order: such a row stays
    scores[static_cast<std::size_t>(r)] = std::isnan(sum) ? -1.0F : static_cast<float>(sum / heads);
  }
  // 0 and not less than all others, as published: of rows that have turned round some may come before these
  for (int i = 0; i < entered; ++i)
    scores[static_cast<std::size_t>(sizes_.buffer_size + work_.order_[static_cast<std::size_t>(i)])] = 0;
  for (int i = 0; i < step.count; ++i) scores[static_cast<std::size_t>(sizes_.buffer_size + step.positions[i])] = 0;
}

// state_.rows_ = the rows that stay, ascending; returns how many. Ties go to the earlier row.
template <class Storage>
int cached_conditioning<Storage>::choose(int ar_step, int needed) {
  std::vector<int>& rows = state_.rows_;
  std::vector<float> const& scores = state_.scores_;
  int const count = keep_.rows(ar_step, rows_of(sizes_), needed);
  std::iota(rows.begin(), rows.end(), 0);
  std::sort(rows.begin(), rows.end(), [&](int a, int b) {
    float const x = scores[static_cast<std::size_t>(a)], y = scores[static_cast<std::size_t>(b)];
    return x < y || (x == y && a < b);
  });
  std::sort(rows.begin(), rows.begin() + count);
  std::fill(state_.kept_.begin(), state_.kept_.end(), std::uint8_t{0});
  for (int i = 0; i < count; ++i) state_.kept_[static_cast<std::size_t>(rows[static_cast<std::size_t>(i)])] = 1;
  return count;
}

// decoded = the decoder's output before its norm, of the rows that stay; returns how many do.
template <class Storage>
int cached_conditioning<Storage>::decode(sequence_step const& step, int entered, float* decoded) {
  int const width = sizes_.decoder_embed_dim, all = rows_of(sizes_);
  int const pruning = keep_.block(sizes_.decoder_depth);
  std::iota(state_.rows_.begin(), state_.rows_.end(), 0);
  std::fill(state_.kept_.begin(), state_.kept_.end(), std::uint8_t{1});
  std::copy_n(state_.input_.data(), product(all, width), decoded);
  int rows = all;
  float* kept = state_.decoder_.data();
  for (int l = 0; l < sizes_.decoder_depth; ++l) {
    auto const& layer = network_.decoder[static_cast<std::size_t>(l)];
    bool const prunes = l == pruning && !step.fresh;
    transformer::project_qkv(layer, decoded, 0, rows, 0, work_.blocks_);
    if (prunes) score(step, entered, kept);
    for (int i = 0; i < rows; ++i)
      std::copy_n(row_of(work_.blocks_.qkv(), i, 3 * width) + width, 2 * width,
                  row_of(kept, state_.rows_[static_cast<std::size_t>(i)], 2 * width));
    transformer::attend(layer, decoded, rows, kept, all, work_.blocks_);
    if (prunes) {
      rows = choose(step.ar_step, entered + step.count);
      for (int i = 0; i < rows; ++i) {  // ascending: no row is overwritten that is still to be read
        int const from = state_.rows_[static_cast<std::size_t>(i)];
        if (from != i) std::copy_n(row_of(decoded, from, width), width, row_of(decoded, i, width));
      }
    }
    transformer::add_mlp(layer, decoded, rows, work_.blocks_);
    kept += product(all, 2 * width);
  }
  return rows;
}

template <class Storage>
void cached_conditioning<Storage>::run(sequence_step const& step, float* decoded) {
  int const width = sizes_.decoder_embed_dim, buffer = sizes_.buffer_size, all = rows_of(sizes_);
  int const entered = enter(step);
  float* const x = work_.encoded_.data();
  conditioning<Storage> entry(sizes_, network_, work_, nullptr);
  entry.enter_class(step.label, x);
  entry.enter_tokens(step.tokens, work_.order_.data(), entered, row_of(x, buffer, sizes_.encoder_embed_dim));
  encode(buffer + entered);
  embed(buffer + entered);
  int rows = decode(step, entered, decoded);
  for (int r = all - 1; r >= 0; --r) {  // descending, for the same reason
    float* const to = row_of(decoded, r, width);
    if (rows > 0 && state_.rows_[static_cast<std::size_t>(rows - 1)] == r) {
      --rows;
      if (rows != r) std::copy_n(row_of(decoded, rows, width), width, to);
    } else {
      std::fill_n(to, width, 0.0F);
    }
  }
}

template class cached_conditioning<float>;
template class cached_conditioning<ardent::bfloat16>;

}  // namespace examples::mar
