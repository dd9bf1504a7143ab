// SPDX-License-Identifier: Apache-2.0
//
// A diffusion head (AdaLN MLP) read from a safetensors file and packed for ardent: the owner of its weights.
#pragma once

#include "safetensors.hpp"

#include <ardent/denoiser/adaln_mlp.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace examples {

/// @brief Reads a head's weights under their official names behind a prefix such as "diffloss.net.".
///
/// The tensors say the sizes; each is checked against them.
class adaln_tensors {
 public:
  /// @throws input_error naming the tensor, if one is missing, has the wrong shape or dtype or holds a value that is
  /// not
  ///   finite
  adaln_tensors(safetensors const& file, std::string const& prefix);

  /// @brief The sizes, as the tensors have them.
  [[nodiscard]] ardent::adaln_shape<> shape() const { return shape_; }
  /// @brief Views of the tensors; valid as long as this object.
  [[nodiscard]] ardent::adaln_weights const& weights() const { return views_; }

 private:
  std::vector<std::vector<float>> values_;
  ardent::adaln_shape<> shape_;
  ardent::adaln_weights views_;
};

/// @brief A head with its packed weights.
/// @tparam Storage  float or ardent::bfloat16
template <class Storage>
class adaln_head {
 public:
  /// @brief The denoiser type.
  using denoiser_type = ardent::denoiser::adaln_mlp<Storage>;

  /// @brief Packs the tensors; they may go afterwards.
  explicit adaln_head(adaln_tensors const& tensors)
      : shape_(tensors.shape()), memory_(static_cast<std::byte*>(::operator new(bytes(), std::align_val_t{64}))) {
    ardent::pack_adaln<Storage>(shape_, tensors.weights(), memory_.get());
  }

  /// @brief A view for kernels; valid as long as this object.
  [[nodiscard]] denoiser_type denoiser() const { return denoiser_type(shape_, memory_.get()); }
  /// @brief Size of the packed weights in bytes.
  [[nodiscard]] std::size_t bytes() const { return ardent::packed_bytes<Storage>(shape_); }

 private:
  struct release {
    void operator()(std::byte* p) const { ::operator delete(p, std::align_val_t{64}); }
  };
  ardent::adaln_shape<> shape_;
  std::unique_ptr<std::byte, release> memory_;
};

}  // namespace examples
