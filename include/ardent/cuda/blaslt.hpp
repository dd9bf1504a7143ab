// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Matrix products by cuBLASLt. A program that includes this links cublasLt.

#include <ardent/cuda/error.hpp>
#include <ardent/denoiser/dense_adaln_layout.hpp>

#include <cublasLt.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace cuda {

/// @brief What a user can do about an error of cuBLASLt; one sentence.
inline char const* advice(cublasStatus_t code) {
  switch (code) {
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "Check that a GPU is visible and that its driver supports this CUDA, and free device memory: the library "
             "needs some to start.";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "Free device memory, or draw fewer images at once.";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "Pass arrays of the sizes that were prepared, aligned to 64 bytes.";
    case CUBLAS_STATUS_ARCH_MISMATCH:
      return "This cuBLASLt has no code for this GPU: use a version that has, or draw without products "
             "(cuda::head_trajectory).";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "This cuBLASLt has no such product for this GPU: use another type of weights.";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "Check that the stream is of the current device; a pointer given to an earlier kernel may not be device "
             "memory: run the program under compute-sanitizer.";
    case CUBLAS_STATUS_INTERNAL_ERROR:
      return "Set CUBLASLT_LOG_LEVEL=2 to hear more of cuBLASLt itself.";
    default:
      return "See cuBLAS's description of this error.";
  }
}

/// @brief A call of cuBLASLt failed. `what()` is one line: what was to be done, the error by name, and advice.
class blaslt_error : public std::runtime_error {
 public:
  /// @param what  what was to be done
  /// @param code  what the call returned
  blaslt_error(std::string const& what, cublasStatus_t code)
      : std::runtime_error("ardent::cuda: " + what + " failed with " + cublasLtGetStatusName(code) + ". " +
                           advice(code)),
        code_(code) {}
  /// @brief What the call returned.
  cublasStatus_t code() const { return code_; }

 private:
  cublasStatus_t code_;
};

namespace detail {

inline void check_blaslt(cublasStatus_t code, char const* what) {
  if (code != CUBLAS_STATUS_SUCCESS) throw blaslt_error(what, code);
}

template <class Storage>
constexpr cudaDataType_t blaslt_type() {
  if constexpr (std::is_same_v<Storage, bfloat16>)
    return CUDA_R_16BF;
  else if constexpr (std::is_same_v<Storage, float16>)
    return CUDA_R_16F;
  else
    return CUDA_R_32F;
}

/// What owns a handle of cuBLASLt's.
template <class Handle, auto Destroy>
class blaslt_handle {
 public:
  blaslt_handle() = default;
  blaslt_handle(blaslt_handle&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  blaslt_handle& operator=(blaslt_handle&& other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~blaslt_handle() {
    if (handle != nullptr) Destroy(handle);
  }
  Handle handle = nullptr;
};

}  // namespace detail

/// @brief Plans of products y = x W^T + bias with fixed sizes: prepared once, then enqueued without search, allocation
/// or wait. Inputs of one type, sums in float, outputs in float or the inputs' type; float inputs are not rounded to
/// TF32.
///
/// Not copyable; a plan and its workspace are of the device that is current at construction. A plan remembers the bias
/// it was last given, and products on several streams would share the workspace: threads and streams need an object
/// each.
class blaslt_products {
 public:
  static constexpr std::uint32_t alignment = 64;  ///< of weights, x and y, in bytes

  /// @param workspace  device memory for the library's own use, aligned to 256; may be null with 0 bytes
  /// @param bytes      its size; 32 MiB is what cuBLAS recommends for Hopper
  /// @throws blaslt_error if the library cannot start
  blaslt_products(void* workspace, std::size_t bytes) : workspace_(workspace), bytes_(bytes) {
    detail::check_blaslt(cublasLtCreate(&library_.handle), "starting cuBLASLt");
  }

  /// @brief Prepares a product. Equal products share a plan.
  /// @tparam Storage  type of weights and inputs
  /// @tparam Output   type of bias and outputs: float or Storage
  /// @return the plan's number, for `enqueue`
  /// @throws blaslt_error if the library has no such product
  template <class Storage, class Output = float>
  int prepare(int inputs, int outputs, int rows) {
    const cudaDataType_t type = detail::blaslt_type<Storage>(), of_output = detail::blaslt_type<Output>();
    if (const int known = find<Storage, Output>(inputs, outputs, rows); known >= 0) return known;
    plan p;
    p.inputs = inputs;
    p.outputs = outputs;
    p.rows = rows;
    p.type = type;
    p.of_output = of_output;
    using detail::check_blaslt;
    check_blaslt(cublasLtMatmulDescCreate(&p.product.handle, CUBLAS_COMPUTE_32F, CUDA_R_32F), "describing a product");
    const cublasOperation_t transposed = CUBLAS_OP_T;
    const cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    const auto set = [&](cublasLtMatmulDescAttributes_t what, auto const& value) {
      check_blaslt(cublasLtMatmulDescSetAttribute(p.product.handle, what, &value, sizeof value),
                   "describing a product");
    };
    // to a library of column-major matrices, W is [inputs][outputs] and to be transposed, x [inputs][rows]
    set(CUBLASLT_MATMUL_DESC_TRANSA, transposed);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, of_output);  // with 16-bit outputs it has no product with a float bias
    const auto matrix = [&](auto& layout, cudaDataType_t of, int height, int width) {
      check_blaslt(cublasLtMatrixLayoutCreate(&layout.handle, of, static_cast<std::uint64_t>(height),
                                              static_cast<std::uint64_t>(width), height),
                   "describing a matrix");
    };
    matrix(p.weight, type, inputs, outputs);
    matrix(p.x, type, inputs, rows);
    matrix(p.y, of_output, outputs, rows);

    detail::blaslt_handle<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy> preference;
    check_blaslt(cublasLtMatmulPreferenceCreate(&preference.handle), "describing a search");
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t what, auto const& value) {
      check_blaslt(cublasLtMatmulPreferenceSetAttribute(preference.handle, what, &value, sizeof value),
                   "describing a search");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes_);
    for (const auto what : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                            CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(what, std::uint32_t{alignment});
    cublasLtMatmulHeuristicResult_t found{};
    int count = 0;
    const cublasStatus_t searched =
        cublasLtMatmulAlgoGetHeuristic(library_.handle, p.product.handle, p.weight.handle, p.x.handle, p.y.handle,
                                       p.y.handle, preference.handle, 1, &found, &count);
    const std::string sizes =
        std::to_string(rows) + " rows of " + std::to_string(inputs) + " to " + std::to_string(outputs) + " numbers";
    if (searched != CUBLAS_STATUS_SUCCESS) throw blaslt_error("finding a product of " + sizes, searched);
    if (count == 0) throw blaslt_error("finding a product of " + sizes, CUBLAS_STATUS_NOT_SUPPORTED);
    p.algorithm = found.algo;
    plans_.push_back(std::move(p));
    return static_cast<int>(plans_.size()) - 1;
  }

  /// @brief The number of a prepared product's plan, -1 if it was not prepared. Only looks.
  /// @tparam Storage  type of weights and inputs
  /// @tparam Output   type of bias and outputs: float or Storage
  template <class Storage, class Output = float>
  int find(int inputs, int outputs, int rows) const noexcept {
    for (std::size_t i = 0; i < plans_.size(); ++i)
      if (plans_[i].inputs == inputs && plans_[i].outputs == outputs && plans_[i].rows == rows &&
          plans_[i].type == detail::blaslt_type<Storage>() && plans_[i].of_output == detail::blaslt_type<Output>())
        return static_cast<int>(i);
    return -1;
  }

  /// @brief Enqueues a prepared product.
  /// @param stream  where it runs; of the device that is current
  /// @param number  its plan
  /// @param matrix  weights and bias, of the plan's sizes, in device memory
  /// @param x       [rows][inputs], in device memory, aligned to 64
  /// @param y       [rows][outputs], in device memory, aligned to 64
  /// @throws std::invalid_argument if there is no such plan
  /// @throws blaslt_error if the library refuses
  template <class Storage, class Output>
  void enqueue(cudaStream_t stream, int number, dense_matrix<Storage, Output> const& matrix, Storage const* x,
               Output* y) {
    if (number < 0 || number >= static_cast<int>(plans_.size()))
      throw std::invalid_argument("ardent::cuda::blaslt_products: expected a prepared product, found plan " +
                                  std::to_string(number) + " of " + std::to_string(plans_.size()));
    plan& p = plans_[static_cast<std::size_t>(number)];
    detail::check_blaslt(cublasLtMatmulDescSetAttribute(p.product.handle, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                                        &matrix.bias, sizeof matrix.bias),
                         "giving a product its bias");
    const float one = 1, zero = 0;
    detail::check_blaslt(
        cublasLtMatmul(library_.handle, p.product.handle, &one, matrix.weight, p.weight.handle, x, p.x.handle, &zero, y,
                       p.y.handle, y, p.y.handle, &p.algorithm, workspace_, bytes_, stream),
        "enqueueing a product");
  }

 private:
  struct plan {
    int inputs = 0, outputs = 0, rows = 0;
    cudaDataType_t type = CUDA_R_32F, of_output = CUDA_R_32F;
    detail::blaslt_handle<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> product;
    detail::blaslt_handle<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy> weight, x, y;
    cublasLtMatmulAlgo_t algorithm{};
  };

  detail::blaslt_handle<cublasLtHandle_t, cublasLtDestroy> library_;
  std::vector<plan> plans_;
  void* workspace_;
  std::size_t bytes_;
};

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
