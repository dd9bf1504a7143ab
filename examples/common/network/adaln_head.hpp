// SPDX-License-Identifier: Apache-2.0
//
// A diffusion head (AdaLN MLP) read from a safetensors file and packed for ardent: the owner of its weights.
#pragma once

#include "aligned_memory.hpp"
#include "common/files/safetensors.hpp"

#include <ardent/denoiser/adaln_mlp.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace examples {

/// @brief A head's weights under their official names behind a prefix such as "diffloss.net.": in the file's memory
/// where they are floats there, else converted. Copies share them.
///
/// The tensors say the sizes; each is checked against them.
class adaln_tensors {
 public:
  /// @throws input_error naming the tensor, if one is missing, has the wrong shape or dtype or holds a value that is
  ///   not finite
  adaln_tensors(safetensors const& file, std::string const& prefix);

  /// @brief The sizes, as the tensors have them.
  [[nodiscard]] ardent::adaln_shape<> shape() const { return shape_; }
  /// @brief Views of the tensors; valid as long as this object.
  [[nodiscard]] ardent::adaln_weights const& weights() const { return views_; }
  /// @brief Gives back what memory they take as part of a mapped file, until they are read again.
  void release() const;

 private:
  std::vector<float_tensor> tensors_;
  std::vector<float_values> values_;
  ardent::adaln_shape<> shape_;
  ardent::adaln_weights views_;
};

/// @brief A head with its packed weights.
/// @tparam Storage  float, ardent::bfloat16 or ardent::int8_weight
template <class Storage>
class adaln_head {
 public:
  /// @brief The denoiser type.
  using denoiser_type = ardent::denoiser::adaln_mlp<Storage>;

  /// @brief Packs the tensors, straight from their file if they are floats there, and gives back the file's pages; they
  /// may go afterwards.
  explicit adaln_head(adaln_tensors const& tensors) : shape_(tensors.shape()), memory_(bytes()) {
    ardent::pack_adaln<Storage>(shape_, tensors.weights(), memory_.data());
    tensors.release();
  }

  /// @brief A view for kernels; valid as long as this object.
  [[nodiscard]] denoiser_type denoiser() const { return denoiser_type(shape_, memory_.data()); }
  /// @brief The sizes.
  [[nodiscard]] ardent::adaln_shape<> shape() const { return shape_; }
  /// @brief The packed weights, for denoisers of another type; valid as long as this object.
  [[nodiscard]] void const* data() const { return memory_.data(); }
  /// @brief Size of the packed weights in bytes.
  [[nodiscard]] std::size_t bytes() const { return ardent::packed_bytes<Storage>(shape_); }

 private:
  ardent::adaln_shape<> shape_;
  aligned_memory memory_;
};

}  // namespace examples
