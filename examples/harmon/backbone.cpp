// SPDX-License-Identifier: Apache-2.0
//
// From known tokens through encoder, language model and decoder to conditions.
#include "backbone.hpp"

#include <algorithm>
#include <stdexcept>

namespace examples::harmon {
namespace {

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

// Row `row` of a matrix.
template <class T>
T* row_of(T* m, int row, int width) {
  return m + static_cast<std::ptrdiff_t>(row) * width;
}

// to = a + b
void add(float const* a, float const* b, int width, float* to) {
  for (int i = 0; i < width; ++i) to[i] = a[i] + b[i];
}

std::vector<float> copy_of(float const* x, int rows, int width) { return {x, x + product(rows, width)}; }

int widest(config const& c) { return std::max({c.mar.encoder_embed_dim, c.mar.decoder_embed_dim, c.llm.hidden_size}); }
int widest_hidden(config const& c) {
  return std::max({c.mar.encoder_hidden(), c.mar.decoder_hidden(), c.llm.intermediate_size});
}

}  // namespace

template <class Storage>
backbone<Storage>::backbone(config const& sizes, weights const& from, ardent::simd_level level)
    : sizes_(sizes), level_(level), language_(sizes.llm, from.llm) {
  transformer::packer sizing(nullptr);
  lay_out(sizing, from);
  memory_ = aligned_memory(sizing.used());
  transformer::packer packing(memory_.data());
  lay_out(packing, from);
  packing.write();
}

// Called twice: without memory for the size, and with it.
template <class Storage>
void backbone<Storage>::lay_out(transformer::packer& by, weights const& from) {
  proj_in_ = {by.add<Storage>(from.proj_in.first), by.add<Storage>(from.proj_in.second)};
  proj_out_ = {by.add<Storage>(from.proj_out.first), by.add<Storage>(from.proj_out.second)};
  z_proj_ = by.add<float>(from.z_proj);
  z_proj_ln_ = by.add(from.z_proj_ln);
  fake_latent_ = by.add(from.fake_latent);
  encoder_.clear();
  for (transformer::block const& one : from.encoder) encoder_.push_back(by.add<Storage>(one));
  encoder_norm_ = by.add(from.encoder_norm);
  decoder_embed_ = by.add<Storage>(from.decoder_embed);
  mask_token_ = by.add(from.mask_token);
  decoder_.clear();
  for (transformer::block const& one : from.decoder) decoder_.push_back(by.add<Storage>(one));
  decoder_norm_ = by.add(from.decoder_norm);
}

template <class Storage>
backbone<Storage>::scratch::scratch(backbone const& network, grid of, int longest_prompt)
    : of_(&network),
      grid_(of),
      order_(static_cast<std::size_t>(of.tokens())),
      tokens_(product(of.tokens(), network.sizes_.mar.token_channels())),
      encoded_(product(network.sizes_.mar.buffer_size + of.tokens(), network.sizes_.mar.encoder_embed_dim)),
      difference_(product(network.sizes_.mar.buffer_size + of.tokens(), network.sizes_.mar.encoder_embed_dim)),
      projected_(product(network.sizes_.mar.buffer_size + of.tokens(), network.sizes_.llm.hidden_size)),
      hidden_(product(network.sizes_.mar.buffer_size + of.tokens(), network.sizes_.llm.hidden_size)),
      decoded_(product(network.sizes_.mar.buffer_size + of.tokens(), network.sizes_.mar.decoder_embed_dim)),
      work_(longest_prompt + network.sizes_.mar.buffer_size + of.tokens(), widest(network.sizes_),
            widest_hidden(network.sizes_), network.level_),
      language_(network.sizes_.llm, longest_prompt + network.sizes_.mar.buffer_size + of.tokens(), work_) {}

// Fills order_; returns the number of known tokens.
template <class Storage>
int backbone<Storage>::scratch::arrange(std::uint8_t const* known, int const* wanted, int count) {
  int const length = grid_.tokens();
  int const known_count = length - static_cast<int>(std::count(known, known + length, std::uint8_t{0}));
  if (count < 0 || count > length - known_count)
    throw std::invalid_argument("harmon::backbone: more positions to predict than unknown tokens");
  int* to_known = order_.data();
  int* to_unknown = to_known + known_count;
  int* const unknown_end = order_.data() + (length - count);
  int next = 0;
  for (int i = 0; i < length; ++i) {
    if (next < count && wanted[next] == i && known[i] == 0) {
      ++next;
    } else if (known[i] != 0) {
      *to_known++ = i;
    } else if (to_unknown != unknown_end) {
      *to_unknown++ = i;
    }
  }
  if (next != count)
    throw std::invalid_argument("harmon::backbone: positions are not ascending positions of unknown tokens");
  std::copy(wanted, wanted + count, to_unknown);
  return known_count;
}

template <class Storage>
void backbone<Storage>::project(packed_projector const& by, float const* x, int rows, float* y, scratch& work) const {
  float* const between = work.projected_.data();
  transformer::apply(by.first, x, rows, between, work.work_);
  transformer::silu(between, rows * by.first.outputs, between, work.work_);
  transformer::apply(by.second, between, rows, y, work.work_);
}

// work.encoded_ = the encoder's output.
template <class Storage>
void backbone<Storage>::encode(positions const& places, float const* tokens, int known_count, scratch& work) const {
  int const width = sizes_.mar.encoder_embed_dim, channels = sizes_.mar.token_channels();
  int const buffer = sizes_.mar.buffer_size, rows = buffer + known_count;
  float* const x = work.encoded_.data();
  for (int i = 0; i < known_count; ++i) {
    int const position = work.order_[static_cast<std::size_t>(i)];
    std::copy_n(row_of(tokens, position, channels), channels, row_of(work.tokens_.data(), i, channels));
  }
  transformer::apply(z_proj_, work.tokens_.data(), known_count, row_of(x, buffer, width), work.work_);
  for (int i = 0; i < rows; ++i) {
    float* const row = row_of(x, i, width);
    int const place = i < buffer ? i : buffer + work.order_[static_cast<std::size_t>(i - buffer)];
    add(i < buffer ? fake_latent_ : row, row_of(places.encoder.data(), place, width), width, row);
  }
  transformer::apply(z_proj_ln_, x, rows, x, work.work_);
  for (auto const& layer : encoder_) {
    transformer::project_qkv(layer, x, 0, rows, 0, work.work_);
    transformer::attend_and_mlp(layer, x, rows, 0, work.work_);
  }
  transformer::apply(encoder_norm_, x, rows, x, work.work_);
}

// Adds to work.encoded_ what the language model says to it. There the buffer comes last, so that it sees the tokens.
template <class Storage>
void backbone<Storage>::think(language::text_memory const& prompt, int rows, scratch& work, trace* seen) const {
  int const width = sizes_.mar.encoder_embed_dim, hidden = sizes_.llm.hidden_size;
  int const buffer = sizes_.mar.buffer_size, known = rows - buffer;
  float* const x = work.encoded_.data();
  float* const states = work.hidden_.data();
  float* const difference = work.difference_.data();
  project(proj_in_, row_of(x, buffer, width), known, states, work);
  project(proj_in_, x, buffer, row_of(states, known, hidden), work);
  if (seen != nullptr) seen->z_enc = copy_of(states, rows, hidden);
  language_.go_on(prompt, states, rows, work.language_);
  if (seen != nullptr) seen->llm_hidden = copy_of(states, rows, hidden);
  project(proj_out_, row_of(states, known, hidden), buffer, difference, work);
  project(proj_out_, states, known, row_of(difference, buffer, width), work);
  add(x, difference, rows * width, x);
}

// work.decoded_ = the decoder's normalised output of the rows from first_query on, in the order of work.order_.
template <class Storage>
void backbone<Storage>::decode(positions const& places, int known_count, int first_query, scratch& work) const {
  int const width = sizes_.mar.decoder_embed_dim, buffer = sizes_.mar.buffer_size;
  int const rows = buffer + places.of.tokens();
  float* const x = work.decoded_.data();
  transformer::apply(decoder_embed_, work.encoded_.data(), buffer + known_count, x, work.work_);
  for (int i = 0; i < rows; ++i) {
    float* const row = row_of(x, i, width);
    int const place = i < buffer ? i : buffer + work.order_[static_cast<std::size_t>(i - buffer)];
    add(i < buffer + known_count ? row : mask_token_, row_of(places.decoder.data(), place, width), width, row);
  }
  for (auto const& layer : decoder_) {
    int const first = &layer == &decoder_.back() ? first_query : 0;
    transformer::project_qkv(layer, x, 0, rows, first, work.work_);
    transformer::attend_and_mlp(layer, x, rows, first, work.work_);
  }
  float* const queried = row_of(x, first_query, width);
  transformer::apply(decoder_norm_, queried, rows - first_query, queried, work.work_);
}

template <class Storage>
void backbone<Storage>::condition(language::text_memory const& prompt, positions const& places, float const* tokens,
                                  std::uint8_t const* known, int const* wanted, int count, float* z, scratch& work,
                                  trace* seen) const {
  if (work.of_ != this || work.grid_ != places.of)
    throw std::invalid_argument("harmon::backbone: scratch of another backbone or another grid");
  int const known_count = work.arrange(known, wanted, count);
  if (count == 0) return;
  int const buffer = sizes_.mar.buffer_size, length = places.of.tokens(), width = condition_width();
  int const rows = buffer + known_count, encoder_width = sizes_.mar.encoder_embed_dim;
  encode(places, tokens, known_count, work);
  if (seen != nullptr) seen->x_enc = copy_of(work.encoded_.data(), rows, encoder_width);
  think(prompt, rows, work, seen);
  if (seen != nullptr) seen->x_enc_residual = copy_of(work.encoded_.data(), rows, encoder_width);
  decode(places, known_count, seen == nullptr ? buffer + length - count : buffer, work);
  auto const write = [&](int i, float* to) {  // the i-th of work.order_
    int const position = work.order_[static_cast<std::size_t>(i)];
    add(row_of(work.decoded_.data(), buffer + i, width), row_of(places.diffusion.data(), position, width), width, to);
  };
  for (int i = 0; i < count; ++i) write(length - count + i, row_of(z, i, width));
  if (seen == nullptr) return;
  seen->z_all.resize(product(length, width));
  for (int i = 0; i < length; ++i)
    write(i, row_of(seen->z_all.data(), work.order_[static_cast<std::size_t>(i)], width));
}

template class backbone<float>;
template class backbone<ardent::bfloat16>;

}  // namespace examples::harmon
