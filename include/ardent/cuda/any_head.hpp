// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Trajectories of an AdaLN head for AR steps of any size: whole trajectories in one launch where rows are few,
/// matrix products by cuBLASLt where they are many.

#include <ardent/cuda/head.hpp>
#include <ardent/cuda/head_products.hpp>
#include <ardent/cuda/head_weights.hpp>
#include <ardent/detail/ar_step_checks.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace cuda {

/// @brief The type that a format's activations have in a library's matrix products. fp8 weights are bfloat16 there.
template <class Format>
using product_storage = typename Format::activation;

/// @brief True if an AR step of a batch has rows enough for matrix products, by the tuning.
/// @tparam Tuning  see default_tuning
/// @param sampler  whose tokens they are
/// @param ar_step  in [0, sampler.ar_steps())
/// @param images   images of a batch
template <class Tuning = default_tuning, class Sampler>
constexpr bool takes_products(Sampler const& sampler, int ar_step, int images) {
  return static_cast<long long>(sampler.tokens(ar_step)) * images * Sampler::branches >= Tuning::least_product_rows;
}

/// @brief True if some AR step of a batch has: if none has, dense weights are not looked at and need not be in memory.
/// @tparam Tuning  see default_tuning
/// @param sampler  whose tokens they are
/// @param images   images of a batch
template <class Tuning = default_tuning, class Sampler>
constexpr bool takes_products(Sampler const& sampler, int images) {
  for (int i = 0; i < sampler.ar_steps(); ++i)
    if (takes_products<Tuning>(sampler, i, images)) return true;
  return false;
}

/// @brief Draws tokens with an AdaLN head in whatever way the tuning takes to be fastest for an AR step's rows. A
/// program that includes this links cublasLt.
///
/// The two ways want their weights in different orders: both copies are the caller's, and without the second all AR
/// steps are drawn by head_trajectory. They do not give the same bits. One enqueue at a time.
///
/// Views: weights, counter and workspace are in device memory and must outlive it.
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
  /// @param sampler    what is drawn
  /// @param shape      the head's sizes; with dense weights, W a multiple of 8
  /// @param tiled      what pack_tiled_adaln wrote, in device memory, aligned to 64; a pointer or a range
  /// @param dense      what pack_dense_adaln<product_storage<Format>> wrote, likewise; null to do without products
  /// @param images     images of a batch
  /// @param nonfinite  in device memory: counts the head's outputs that are infinite or NaN; may be null
  /// @throws std::invalid_argument if there is no image, or weights are too small or aligned to less
  /// @throws what head_trajectory's constructor throws
  any_head(Sampler const& sampler, Shape const& shape, packed_weights tiled, packed_weights dense, int images,
           unsigned long long* nonfinite = nullptr)
      : sampler_(sampler),
        shape_(shape),
        few_(sampler, shape, tiled, nonfinite),
        dense_(dense.checked(0, "any_head")),
        images_(checked(images)),
        nonfinite_(nonfinite) {
    int most = 0;
    for (int i = 0; i < sampler_.ar_steps(); ++i)
      if (!by_products(i)) most = std::max(most, sampler_.tokens(i) * images_);
    if (most > 0) few_bytes_ = (few_.workspace_bytes(most) + 255) / 256 * 256;
    if (dense_ == nullptr || !takes_products<Tuning>(sampler_, images_)) return;
    static_cast<void>(dense.checked(dense_bytes<product_storage<Format>>(shape), "any_head"));
    many_bytes_ = many_type::workspace_bytes(sampler_, shape_, images_);
  }

  /// @brief True for AR steps drawn by matrix products.
  /// @param ar_step  in [0, ar_steps)
  bool by_products(int ar_step) const {
    return dense_ != nullptr && takes_products<Tuning>(sampler_, ar_step, images_);
  }
  /// @brief Bytes of device memory that it needs, aligned to 256.
  std::size_t workspace_bytes() const { return few_bytes_ + many_bytes_; }

  /// @brief Takes the workspace, and prepares the products: before the first AR step.
  /// @param workspace  workspace_bytes() bytes of device memory, aligned to 256; a range
  /// @throws std::invalid_argument if it is too small or aligned to less
  /// @throws blaslt_error if cuBLASLt has no such products
  template <device_memory Workspace>
  void prepare(Workspace&& workspace) {
    const std::span<std::byte> all = detail::bytes_of(workspace);
    if (all.size() < workspace_bytes())
      refuse("a workspace of " + std::to_string(workspace_bytes()) + " bytes", std::to_string(all.size()));
    if (reinterpret_cast<std::uintptr_t>(all.data()) % 256 != 0)
      refuse("a workspace aligned to 256 bytes", "one that is not");
    few_memory_ = all.first(few_bytes_);
    if (many_bytes_ > 0)
      many_.emplace(sampler_, shape_, dense_, images_, all.subspan(few_bytes_, many_bytes_), nonfinite_);
  }

  /// @brief Enqueues an AR step: see head_trajectory and head_products. After `prepare`.
  /// @param stream   on which it runs
  /// @param ar_step  in [0, ar_steps)
  /// @param t        the tokens
  /// @param random   gives the noise
  /// @param samples  [t.total][channels] float in device memory; a pointer or a range
  /// @throws std::invalid_argument if there is no such AR step
  /// @throws what these throw
  template <device_memory Samples>
  void enqueue(cudaStream_t stream, int ar_step, tile const& t, Random const& random, Samples&& samples) {
    ardent::detail::check_ar_step("ardent::cuda::any_head", sampler_, ar_step);
    if (by_products(ar_step))
      many_->enqueue(stream, ar_step, t, random, samples);
    else
      few_.enqueue(stream, ar_step, t, random, few_memory_, samples);
  }

 private:
  [[noreturn]] static void refuse(std::string const& expected, std::string const& found) {
    throw std::invalid_argument("ardent::cuda::any_head: expected " + expected + ", found " + found);
  }
  static int checked(int images) {
    if (images < 1) refuse("at least 1 image", std::to_string(images));
    return images;
  }

  Sampler sampler_;
  Shape shape_;
  few_type few_;
  std::optional<many_type> many_;
  void const* dense_;
  int images_;
  unsigned long long* nonfinite_;
  std::size_t few_bytes_ = 0, many_bytes_ = 0;
  std::span<std::byte> few_memory_;
};

/// @brief An AdaLN head's weights for generations that draw AR steps of many rows by cuBLASLt's products, the others in
/// one launch: a device_model's `head()` returns them in place of head_weights.
///
/// `{{shape, tiled, time_in, time_out, nonfinite}, dense}`
/// @tparam Format  a format, see tile/format.hpp
/// @tparam Shape   an adaln_shape
template <class Format, class Shape = adaln_shape<>>
struct any_head_weights : head_weights<Format, Shape> {
  void const* dense = nullptr;  ///< what pack_dense_adaln<product_storage<Format>> wrote, in device memory, aligned to
                                ///< 64; null to do without products

  /// @brief What draws with them, for a generation: an any_head.
  /// @param sampler  what is drawn
  /// @param images   images of a batch
  /// @throws what any_head's constructor throws
  template <random_source Random, class Tuning, class Sampler>
  auto trajectory(Sampler const& sampler, int images) const {
    return any_head<Sampler, Format, Shape, Random, Tuning>(sampler, this->shape, this->tiled, dense, images,
                                                            this->nonfinite);
  }
};

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
