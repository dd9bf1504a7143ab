// SPDX-License-Identifier: Apache-2.0
//
// A transformer's weights packed for the library's products, all in one piece of memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <type_traits>
#include <vector>

#include <ardent/packed_matrix.hpp>

#include "aligned_memory.hpp"
#include "transformer_weights.hpp"

namespace examples::transformer {

/// @brief LayerNorm's scale and offset, [width] each.
struct packed_norm {
  int width = 0;
  float const* weight = nullptr;
  float const* bias = nullptr;
};

/// @brief A transformer's block; see `block`. Views of packed memory.
/// @tparam Storage of the matrices: float or ardent::bfloat16
template <class Storage>
struct packed_block {
  int heads = 0;
  packed_norm norm1;
  ardent::packed_matrix<Storage> qkv, proj;
  packed_norm norm2;
  ardent::packed_matrix<Storage> fc1, fc2;

  [[nodiscard]] int width() const noexcept { return norm1.width; }   ///< of a row
  [[nodiscard]] int hidden() const noexcept { return fc1.outputs; }  ///< of the MLP's hidden layer
};

/// @brief Runs all tasks on a few threads. If one throws, some of the others are left out and the call throws the same.
void run_all(std::vector<std::function<void()>> const& tasks);

/// @brief Lays out packed weights one after the other, and writes them when asked to: each tensor is read from its file
/// once, and the file's pages are given back right after it.
class packer {
 public:
  /// @param memory aligned to 64 bytes; null to add up the sizes only
  explicit packer(std::byte* memory) : memory_(memory) {}

  /// @brief Bytes so far.
  [[nodiscard]] std::size_t used() const noexcept { return used_; }

  /// @brief A linear layer.
  template <class Storage>
  [[nodiscard]] ardent::packed_matrix<Storage> add(linear const& layer) {
    static_assert(std::is_same_v<Storage, float> || std::is_same_v<Storage, ardent::bfloat16>,
                  "other storages have scales, which have no place here");
    ardent::packed_matrix<Storage> to;
    to.inputs = layer.in;
    to.outputs = layer.out;
    Storage* const data = take<Storage>(ardent::packed_size<Storage>(layer.in, layer.out));
    to.data = data;
    to.bias = layer.bias.size() > 0 ? add(layer.bias) : zeros(static_cast<std::size_t>(layer.out));
    if (memory_ != nullptr) {
      tasks_.push_back([layer, data] {
        ardent::pack_matrix(layer.weight.values().data(), layer.in, layer.out, data);
        layer.weight.release();
      });
    }
    return to;
  }
  /// @brief A LayerNorm.
  [[nodiscard]] packed_norm add(layer_norm const& norm) { return {norm.width, add(norm.weight), add(norm.bias)}; }
  /// @brief A block.
  template <class Storage>
  [[nodiscard]] packed_block<Storage> add(block const& from) {
    // members in the order of their initialisation
    return {from.heads,      add(from.norm1),        add<Storage>(from.qkv), add<Storage>(from.proj),
            add(from.norm2), add<Storage>(from.fc1), add<Storage>(from.fc2)};
  }
  /// @brief Any tensor, as it is.
  [[nodiscard]] float const* add(float_tensor const& from) {
    float* const to = take<float>(from.size());
    if (memory_ != nullptr) {
      tasks_.push_back([from, to] {
        float_values const values = from.values();
        std::memcpy(to, values.data(), values.size() * sizeof(float));
        from.release();
      });
    }
    return to;
  }
  /// @brief Room for floats that the caller writes; null where there is no memory.
  [[nodiscard]] float* room(std::size_t count) { return take<float>(count); }

  /// @brief Writes everything that was added.
  void write() const { run_all(tasks_); }

 private:
  template <class T>
  T* take(std::size_t count) {
    std::byte* const place = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += (count * sizeof(T) + 63) / 64 * 64;
    return reinterpret_cast<T*>(place);
  }

  float const* zeros(std::size_t count) {
    float* const to = take<float>(count);
    if (memory_ != nullptr) std::fill_n(to, count, 0.0F);
    return to;
  }

  std::byte* memory_;
  std::size_t used_ = 0;
  std::vector<std::function<void()>> tasks_;
};

}  // namespace examples::transformer
