// SPDX-License-Identifier: Apache-2.0
//
// xAR's transformer at work.
#include "network.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>

#include "network_memory.hpp"

namespace examples::xar {
namespace {

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

void add(float const* from, int count, float* to) {
  for (int i = 0; i < count; ++i) to[i] += from[i];
}

}  // namespace

network::scratch::scratch(network const& of)
    : blocks_(of.config_.seq_len(), std::max({of.encoder_.width, of.decoder_.width, of.config_.token_channels()}),
              of.hidden_, of.level_),
      encoded_(product(of.config_.cell_tokens(), of.encoder_.width)),
      decoded_(product(of.config_.cell_tokens(), of.decoder_.width)),
      time_scratch_(static_cast<std::size_t>(transformer::time_embedding::sinusoids + of.encoder_.width)),
      condition_(static_cast<std::size_t>(of.encoder_.width)),
      modulation_(product(6, std::max(of.encoder_.width, of.decoder_.width))) {}

network::cache::cache(network const& of) {
  int const length = of.config_.seq_len();
  encoder_.reserve(of.encoder_.blocks.size());
  decoder_.reserve(of.decoder_.blocks.size());
  for (std::size_t i = 0; i < of.encoder_.blocks.size(); ++i) encoder_.emplace_back(length, of.encoder_.width);
  for (std::size_t i = 0; i < of.decoder_.blocks.size(); ++i) decoder_.emplace_back(length, of.decoder_.width);
}

void network::cache::clear() {
  for (auto& memory : encoder_) memory.keep(0);
  for (auto& memory : decoder_) memory.keep(0);
  tokens_ = 0;
}

// work.condition_ = SiLU(class + time)
void network::prepare_condition(int label, int timestep, scratch& work) const {
  int const width = encoder_.width;
  float* const condition = work.condition_.data();
  transformer::embed_time(time_, static_cast<float>(timestep), condition, work.time_scratch_.data(), work.blocks_);
  add(classes_ + static_cast<std::ptrdiff_t>(label) * width, width, condition);
  transformer::silu(condition, width, condition, work.blocks_);
}

// Rows of a cell through encoder or decoder. Of rows that are only to be kept, what comes after the last attention is
// read by nobody.
void network::run(half const& part, float const* input, float* x, std::vector<transformer::key_values>& memory,
                  int first, int keep, bool to_the_end, scratch& work) const {
  int const rows = config_.cell_tokens(), width = part.width;
  float* const vectors = work.modulation_.data();
  transformer::rotation const turn = part.rotations.from(first);
  transformer::apply(part.enter, input, rows, x, work.blocks_);
  add(part.positions + static_cast<std::ptrdiff_t>(first) * width, rows * width, x);
  if (part.enter_norm != nullptr) transformer::rms_norm(x, rows, width, part.enter_norm, x, work.blocks_);
  for (std::size_t i = 0; i < part.blocks.size(); ++i) {
    auto const& layer = part.blocks[i];
    transformer::apply(layer.modulation, work.condition_.data(), 1, vectors, work.blocks_);
    transformer::add_attention(layer.attend, x, rows, transformer::half_of(vectors, width, 0, rows), turn, memory[i],
                               keep, work.blocks_);
    if (i + 1 == part.blocks.size() && !to_the_end) return;
    transformer::add_gated_mlp(layer.mlp, x, rows, transformer::half_of(vectors, width, 1, rows), work.blocks_);
  }
  transformer::rms_norm(x, rows, width, part.leave_norm, x, work.blocks_);
}

void network::enter(int label, float const* tokens, cache& kept, scratch& work) const {
  int const first = kept.tokens_, rows = config_.cell_tokens();
  if (first + 2 * rows > config_.seq_len())
    throw std::invalid_argument("examples::xar::network: expected a cell that others follow, found the last one");
  prepare_condition(label, 0, work);
  run(encoder_, tokens, work.encoded_.data(), kept.encoder_, first, rows, true, work);
  run(decoder_, work.encoded_.data(), work.decoded_.data(), kept.decoder_, first, rows, false, work);
  kept.tokens_ += rows;
}

void network::velocity(int label, int timestep, float const* tokens, cache& kept, float* output, scratch& work) const {
  int const first = kept.tokens_;
  prepare_condition(label, timestep, work);
  run(encoder_, tokens, work.encoded_.data(), kept.encoder_, first, 0, true, work);
  run(decoder_, work.encoded_.data(), work.decoded_.data(), kept.decoder_, first, 0, true, work);
  transformer::apply(pred_, work.decoded_.data(), config_.cell_tokens(), output, work.blocks_);
}

}  // namespace examples::xar
