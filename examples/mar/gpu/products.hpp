// SPDX-License-Identifier: Apache-2.0
//
// Matrix products on cuBLASLt: float in float arithmetic (not TF32), or bfloat16 with float sums.
#pragma once

#include <cublasLt.h>

#include <map>
#include <memory>
#include <tuple>

#include "conditions.hpp"
#include "memory.hpp"

namespace examples::mar::gpu {

/// @brief Plans of products, by their shapes, and the workspace that they share: products of one object run one after
/// the other, on one stream.
class products {
 public:
  /// @throws device_error, ardent::cuda::error if the library or the device does not answer
  products();
  ~products();
  products(products const&) = delete;
  products& operator=(products const&) = delete;

  /// @brief Chooses how a product of this shape is computed; afterwards enqueue() of that shape allocates nothing. The
  /// pointers do not matter.
  /// @throws device_error if cuBLASLt has no way to compute it
  template <class Storage>
  void plan(matrix_product<Storage> const& p) {
    static_cast<void>(planned(shape_of(p)));
  }

  /// @brief Enqueues a product. Plans it if that was not done.
  /// @throws device_error as plan, or if the launch fails
  template <class Storage>
  void enqueue(cudaStream_t stream, matrix_product<Storage> const& p) {
    run(stream, planned(shape_of(p)), p.x, p.w, p.bias, p.y, p.add);
  }

 private:
  struct shape {
    cudaDataType_t type;
    int rows, inputs, outputs, x_stride, w_stride, y_stride, batch;
    std::ptrdiff_t x_step, w_step, y_step;
    bool w_by_input, bias, add;
    auto operator<=>(shape const&) const = default;
  };
  struct planned_product;

  static constexpr cudaDataType_t type_of(float const*) { return CUDA_R_32F; }
  static constexpr cudaDataType_t type_of(ardent::bfloat16 const*) { return CUDA_R_16BF; }
  template <class Storage>
  static shape shape_of(matrix_product<Storage> const& p) {
    return {type_of(p.x), p.rows,   p.inputs, p.outputs, p.x_stride,   p.w_stride,        p.y_stride,
            p.batch,      p.x_step, p.w_step, p.y_step,  p.w_by_input, p.bias != nullptr, p.add};
  }

  planned_product& planned(shape const& s);
  void run(cudaStream_t stream, planned_product& how, void const* x, void const* w, float const* bias, float* y,
           bool add);

  cublasLtHandle_t handle_ = nullptr;
  device_memory workspace_;
  std::map<shape, std::unique_ptr<planned_product>> planned_;
};

}  // namespace examples::mar::gpu
