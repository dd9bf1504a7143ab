// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Trajectories of an AdaLN head for AR steps of any size: whole trajectories in one launch where rows are few,
/// matrix products by cuBLASLt where they are many.

#include <ardent/cuda/head.hpp>
#include <ardent/cuda/head_products.hpp>

#include <cstddef>
#include <optional>

namespace ardent {
inline namespace v0 {
namespace cuda {

/// @brief The type that a format's activations have in a library's matrix products. fp8 weights are bfloat16 there.
template <class Format>
using product_storage = typename Format::activation;

/// @brief Draws tokens with an AdaLN head in whatever way the tuning takes to be fastest for an AR step's rows. A
/// program that includes this links cublasLt.
///
/// The two ways want their weights in different orders: both copies are the caller's, and without the second all AR
/// steps are drawn by head_trajectory. They do not give the same bits.
///
/// @tparam Sampler  a sampler of an epsilon network
/// @tparam Format   the format of tiled weights
/// @tparam Shape    an adaln_shape
/// @tparam Random   a random_source callable on the device
/// @tparam Tuning   see default_tuning
template <class Sampler, class Format, class Shape = adaln_shape<>, random_source Random = random::philox,
          class Tuning = default_tuning>
class any_head {
  using few_type = head_trajectory<Sampler, Format, Shape, Random, Tuning>;
  using many_type = head_products<Sampler, product_storage<Format>, Shape>;

 public:
  /// @brief The device memory that it needs, aligned to 256.
  struct sizes {
    std::size_t few = 0;   ///< for AR steps of few rows
    std::size_t many = 0;  ///< for AR steps of many rows; 0 if there is none
  };

  /// @param sampler    what is drawn
  /// @param shape      the head's sizes
  /// @param tiled      what pack_tiled_adaln wrote, in device memory, aligned to 64
  /// @param dense      what pack_dense_adaln wrote, likewise; null to do without matrix products
  /// @param images     images of a batch
  /// @param nonfinite  in device memory: counts the head's outputs that are infinite or NaN; may be null
  /// @throws what head_trajectory's constructor throws
  any_head(Sampler const& sampler, Shape const& shape, void const* tiled, void const* dense, int images,
           unsigned long long* nonfinite = nullptr)
      : sampler_(sampler),
        shape_(shape),
        few_(sampler, shape, tiled, nonfinite),
        dense_(dense),
        images_(images),
        nonfinite_(nonfinite),
        sizes_(needed()) {}

  /// @brief True for AR steps drawn by matrix products.
  bool by_products(int ar_step) const {
    return dense_ != nullptr && sampler_.tokens(ar_step) * images_ * Sampler::branches >= Tuning::least_product_rows;
  }
  /// @brief What to give `prepare`.
  sizes workspace() const { return sizes_; }

  /// @brief Takes the workspaces, and prepares the products.
  /// @param few   workspace().few bytes of device memory, aligned to 256
  /// @param many  workspace().many bytes, likewise; may be null if that is 0
  /// @throws what head_products's constructor throws
  void prepare(void* few, void* many) {
    memory_ = few;
    if (sizes_.many > 0) many_.emplace(sampler_, shape_, dense_, images_, many, sizes_.many, nonfinite_);
  }

  /// @brief Enqueues an AR step: see head_trajectory and head_products. After `prepare`.
  void enqueue(cudaStream_t stream, int ar_step, tile const& t, Random const& random, float* samples) {
    if (by_products(ar_step))
      many_->enqueue(stream, ar_step, t, random, samples);
    else
      few_.enqueue(stream, ar_step, t, random, memory_, sizes_.few, samples);
  }

 private:
  sizes needed() const {
    sizes s;
    int most = 0;
    for (int i = 0; i < sampler_.ar_steps(); ++i) {
      const int tokens = sampler_.tokens(i) * images_;
      if (by_products(i))
        s.many = many_type::workspace_bytes(sampler_, shape_, images_);
      else
        most = tokens > most ? tokens : most;
    }
    if (most > 0) s.few = few_.workspace_bytes(most);
    return s;
  }

  Sampler sampler_;
  Shape shape_;
  few_type few_;
  std::optional<many_type> many_;
  void const* dense_;
  int images_;
  unsigned long long* nonfinite_;
  sizes sizes_;
  void* memory_ = nullptr;
};

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
