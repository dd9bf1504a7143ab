// SPDX-License-Identifier: Apache-2.0
//
// The transformer's weights in one piece of memory, as the device gets them: matrices in Storage (float or
// ardent::bfloat16), everything else in float.
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#include <ardent/packed_matrix.hpp>

#include "mar/backbone.hpp"

namespace examples::mar::gpu {

/// @brief Takes aligned arrays out of a piece of memory; with none, only their sizes are added up.
class carver {
 public:
  /// @brief What cudaMalloc aligns to, and what the fastest matrix products ask for.
  static constexpr std::size_t alignment = 256;

  explicit carver(std::byte* memory) : memory_(memory) {}

  /// @brief The next array.
  template <class T>
  T* take(std::size_t count) {
    std::byte* const place = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += (count * sizeof(T) + alignment - 1) / alignment * alignment;
    return reinterpret_cast<T*>(place);
  }
  /// @brief Bytes so far.
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::byte* memory_;
  std::size_t used_ = 0;
};

/// @brief y = weight x + bias.
template <class Storage>
struct device_linear {
  Storage const* weight;  ///< [out][in]
  float const* bias;      ///< [out]
  int out, in;
};

/// @brief LayerNorm's scale and offset.
struct device_norm {
  float const* weight;
  float const* bias;
};

/// @brief A transformer's block.
template <class Storage>
struct device_block {
  device_norm norm1;
  device_linear<Storage> qkv, proj;
  device_norm norm2;
  device_linear<Storage> fc1, fc2;
};

/// @brief All weights of a backbone; the names are backbone::parts'.
/// @tparam Storage float or ardent::bfloat16
template <class Storage>
struct device_weights {
  device_linear<Storage> z_proj;
  device_norm z_proj_ln;
  float const* class_emb;
  float const* fake_latent;
  float const* encoder_pos;
  std::vector<device_block<Storage>> encoder;
  device_norm encoder_norm;
  device_linear<Storage> decoder_embed;
  float const* decoder_pos;
  std::vector<device_block<Storage>> decoder;
  device_norm decoder_norm;
  float const* diffusion_pos;
  float const* mask_rows;
  std::size_t bytes;  ///< of the memory

  /// @brief Lays the weights out and, if there is memory for it, writes the image that is to be copied to the device.
  /// @param from the weights
  /// @param image of `bytes` bytes in host memory, or null to ask for the size only
  /// @param place where the image will be, which the pointers point into; aligned to 256 bytes
  device_weights(backbone::parts const& from, std::byte* image, std::byte const* place)
      : image_(image), place_(place), carver_(image) {
    z_proj = linear(from.z_proj);
    z_proj_ln = norm(from.z_proj_ln);
    class_emb = array<float>(from.class_emb);
    fake_latent = array<float>(from.fake_latent);
    encoder_pos = array<float>(from.encoder_pos);
    for (transformer::block const& layer : from.encoder) encoder.push_back(block(layer));
    encoder_norm = norm(from.encoder_norm);
    decoder_embed = linear(from.decoder_embed);
    decoder_pos = array<float>(from.decoder_pos);
    for (transformer::block const& layer : from.decoder) decoder.push_back(block(layer));
    decoder_norm = norm(from.decoder_norm);
    diffusion_pos = array<float>(from.diffusion_pos);
    mask_rows = array_of_mask_rows(from);
    bytes = carver_.used();
  }

 private:
  template <class T>
  T const* array(float_tensor const& from) {
    std::size_t const offset = carver_.used();
    T* const to = carver_.take<T>(from.size());
    if (to == nullptr) return nullptr;
    float_values const values = from.values();
    for (std::size_t i = 0; i < values.size(); ++i) ardent::store_weight(values.data()[i], to[i]);
    from.release();
    return reinterpret_cast<T const*>(place_ + offset);
  }
  float const* array_of_mask_rows(backbone::parts const& from) {
    std::size_t const offset = carver_.used();
    float* const to = carver_.take<float>(from.diffusion_pos.size());
    if (to == nullptr) return nullptr;
    from.mask_rows(to);
    return reinterpret_cast<float const*>(place_ + offset);
  }
  device_linear<Storage> linear(transformer::linear const& layer) {
    return {array<Storage>(layer.weight), array<float>(layer.bias), layer.out, layer.in};
  }
  device_norm norm(transformer::layer_norm const& layer) {
    return {array<float>(layer.weight), array<float>(layer.bias)};
  }
  // Members in the order of their initialisation.
  device_block<Storage> block(transformer::block const& layer) {
    return {norm(layer.norm1), linear(layer.qkv), linear(layer.proj),
            norm(layer.norm2), linear(layer.fc1), linear(layer.fc2)};
  }

  std::byte* image_;
  std::byte const* place_;
  carver carver_;
};

}  // namespace examples::mar::gpu
