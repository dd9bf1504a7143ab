// SPDX-License-Identifier: Apache-2.0
//
// The two passes of a language model, layer by layer.
#include "language_model.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "common/error.hpp"
#include "language_kernels.hpp"
#include "transformer_level.hpp"

namespace examples::language {
namespace {

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

}  // namespace

scratch::scratch(config const& sizes, int sequence, transformer::workspace& work)
    : sequence_(sequence),
      work_(&work),
      turns_(transformer::rotary_table::of_line(sequence, sizes.rope_theta, sizes.head_width())),
      room_(sequence, sizes.key_width()),
      visible_(static_cast<std::size_t>(sequence)) {
  if (sequence > sizes.max_position_embeddings) {
    throw input_error("language model: expected prompt and image of at most " +
                      std::to_string(sizes.max_position_embeddings) + " tokens (max_position_embeddings), found " +
                      std::to_string(sequence));
  }
}

template <class Storage>
model<Storage>::model(config const& sizes, weights const& from) : sizes_(sizes), embedding_(from.embedding) {
  auto const lay_out = [&](transformer::packer& by) {
    layers_.clear();
    for (layer const& one : from.layers) layers_.push_back(pack<Storage>(by, one));
    norm_ = by.add(from.norm);
  };
  transformer::packer sizing(nullptr);
  lay_out(sizing);
  memory_ = aligned_memory(sizing.used());
  transformer::packer packing(memory_.data());
  lay_out(packing);
  packing.write();
}

template <class Storage>
void model<Storage>::check_room(int length, scratch const& work) const {
  if (length <= work.sequence_) return;
  throw std::invalid_argument("language::model: expected a sequence of at most " + std::to_string(work.sequence_) +
                              " tokens, found " + std::to_string(length));
}

template <class Storage>
void model<Storage>::finish(float* x, int rows, scratch& work) const {
  transformer::at_level(work.work_->level(), [&](auto block) {
    transformer::kernels::rms_norm(block, x, rows, sizes_.hidden_size, norm_, x, work.work_->factors(),
                                   static_cast<float>(sizes_.rms_norm_eps));
  });
}

template <class Storage>
text_memory model<Storage>::read(std::span<int const> ids, int keep, float* hidden, scratch& work) const {
  int const rows = static_cast<int>(ids.size()), width = sizes_.hidden_size;
  check_room(rows, work);
  if (keep < 1 || keep > rows) throw std::invalid_argument("language::model: a prompt without tokens to keep");
  aligned_floats x(product(rows, width));
  for (int r = 0; r < rows; ++r) {
    int const id = ids[static_cast<std::size_t>(r)];
    if (id < 0 || id >= sizes_.vocab_size) throw std::invalid_argument("language::model: token id out of range");
    std::vector<float> const row = embedding_.values(product(id, width), static_cast<std::size_t>(width));
    std::ranges::copy(row, x.data() + product(r, width));
  }
  text_memory kept;
  kept.length_ = keep;
  std::iota(work.visible_.begin(), work.visible_.begin() + rows, 1);
  work.room_.keep(0);
  std::size_t const count = product(keep, sizes_.key_width());
  transformer::at_level(work.work_->level(), [&](auto block) {
    for (packed_layer<Storage> const& one : layers_) {
      transformer::kernels::add_language_layer(block, sizes_, one, x.data(), rows, work.turns_.from(), work.room_,
                                               work.visible_.data(), *work.work_);
      std::copy_n(work.room_.keys(), count, kept.keys_.emplace_back(count).data());
      std::copy_n(work.room_.values(), count, kept.values_.emplace_back(count).data());
    }
  });
  if (hidden != nullptr) {
    finish(x.data(), rows, work);
    std::copy_n(x.data(), product(rows, width), hidden);
  }
  return kept;
}

template <class Storage>
void model<Storage>::go_on(text_memory const& prompt, float* x, int rows, scratch& work) const {
  check_room(prompt.length_ + rows, work);
  if (prompt.keys_.size() != layers_.size()) throw std::invalid_argument("language::model: prompt of another model");
  if (rows == 0) return;
  std::size_t const count = product(prompt.length_, sizes_.key_width());
  std::iota(work.visible_.begin(), work.visible_.begin() + rows, prompt.length_ + 1);
  work.room_.keep(prompt.length_);
  transformer::at_level(work.work_->level(), [&](auto block) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      std::copy_n(prompt.keys_[i].data(), count, work.room_.keys());
      std::copy_n(prompt.values_[i].data(), count, work.room_.values());
      transformer::kernels::add_language_layer(block, sizes_, layers_[i], x, rows, work.turns_.from(prompt.length_),
                                               work.room_, work.visible_.data(), *work.work_);
    }
  });
  finish(x, rows, work);
}

template class model<float>;
template class model<ardent::bfloat16>;

}  // namespace examples::language
