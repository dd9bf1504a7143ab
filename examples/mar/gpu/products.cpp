// SPDX-License-Identifier: Apache-2.0
//
// Plans and enqueues products on cuBLASLt, which thinks in columns: a matrix of rows is to it the transposed one, so
// y = x w^T is computed as y^T = w x^T.
#include "products.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "common/error.hpp"

namespace examples::mar::gpu {
namespace {

constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  // what NVIDIA recommends for Hopper

void check(cublasStatus_t status, char const* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw device_error(std::string("cuBLASLt: ") + what + " failed with " + cublasLtGetStatusName(status) + " (" +
                     cublasLtGetStatusString(status) + "). Update the driver, or draw with --device host.");
}

// One of the library's descriptors.
template <class Handle, cublasStatus_t (*Destroy)(Handle)>
class descriptor {
 public:
  descriptor() = default;
  ~descriptor() {
    if (handle_ != nullptr) Destroy(handle_);
  }
  descriptor(descriptor const&) = delete;
  descriptor& operator=(descriptor const&) = delete;
  Handle get() const { return handle_; }
  Handle* out() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

using layout = descriptor<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;

// A matrix in columns.
void describe(layout& to, cudaDataType_t type, int rows, int columns, int stride, int batch, std::int64_t step) {
  check(cublasLtMatrixLayoutCreate(to.out(), type, static_cast<std::uint64_t>(rows),
                                   static_cast<std::uint64_t>(columns), stride),
        "describing a matrix");
  if (batch == 1) return;
  std::int32_t const count = batch;
  check(cublasLtMatrixLayoutSetAttribute(to.get(), CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count),
        "describing a batch");
  check(cublasLtMatrixLayoutSetAttribute(to.get(), CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step, sizeof step),
        "describing a batch");
}

// What all matrices of a batch are aligned to, if the first is to carver::alignment.
std::uint32_t alignment(int batch, std::ptrdiff_t step, std::size_t element) {
  std::size_t bytes = carver::alignment;
  if (batch > 1)
    while (static_cast<std::size_t>(step) * element % bytes != 0) bytes /= 2;
  return static_cast<std::uint32_t>(bytes);
}

}  // namespace

struct products::planned_product {
  descriptor<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> operation;
  layout x, w, y;
  cublasLtMatmulAlgo_t algorithm;
};

products::products() : workspace_(workspace_bytes) { check(cublasLtCreate(&handle_), "starting the library"); }

products::~products() { cublasLtDestroy(handle_); }

products::planned_product& products::planned(shape const& s) {
  auto const found = planned_.find(s);
  if (found != planned_.end()) return *found->second;

  auto how = std::make_unique<planned_product>();
  check(cublasLtMatmulDescCreate(how->operation.out(), CUBLAS_COMPUTE_32F, CUDA_R_32F), "describing a product");
  auto const set = [&](cublasLtMatmulDescAttributes_t what, auto const& value) {
    check(cublasLtMatmulDescSetAttribute(how->operation.get(), what, static_cast<void const*>(&value), sizeof value),
          "describing a product");
  };
  if (!s.w_by_input) set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  if (s.bias) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_32F);
    void const* const some = workspace_.data();  // an algorithm may ask how the bias is aligned
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, some);
  }
  if (s.w_by_input)
    describe(how->w, s.type, s.outputs, s.inputs, s.w_stride, s.batch, s.w_step);
  else
    describe(how->w, s.type, s.inputs, s.outputs, s.w_stride, s.batch, s.w_step);
  describe(how->x, s.type, s.inputs, s.rows, s.x_stride, s.batch, s.x_step);
  describe(how->y, CUDA_R_32F, s.outputs, s.rows, s.y_stride, s.batch, s.y_step);

  descriptor<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy> wish;
  check(cublasLtMatmulPreferenceCreate(wish.out()), "asking for an algorithm");
  auto const prefer = [&](cublasLtMatmulPreferenceAttributes_t what, auto const& value) {
    check(cublasLtMatmulPreferenceSetAttribute(wish.get(), what, static_cast<void const*>(&value), sizeof value),
          "asking for an algorithm");
  };
  std::size_t const element = s.type == CUDA_R_32F ? 4 : 2;
  std::uint32_t const of_y = alignment(s.batch, s.y_step, sizeof(float));
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace_bytes);
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment(s.batch, s.w_step, element));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment(s.batch, s.x_step, element));
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, of_y);
  prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, of_y);
  cublasLtMatmulHeuristicResult_t answer{};
  int answers = 0;
  cublasStatus_t const status =
      cublasLtMatmulAlgoGetHeuristic(handle_, how->operation.get(), how->w.get(), how->x.get(), how->y.get(),
                                     how->y.get(), wish.get(), 1, &answer, &answers);
  std::string const what = "choosing an algorithm for " + std::to_string(s.rows) + " rows, " +
                           std::to_string(s.inputs) + " inputs and " + std::to_string(s.outputs) + " outputs";
  check(status == CUBLAS_STATUS_SUCCESS && answers == 0 ? CUBLAS_STATUS_NOT_SUPPORTED : status, what.c_str());
  how->algorithm = answer.algo;
  return *planned_.emplace(s, std::move(how)).first->second;
}

void products::run(cudaStream_t stream, planned_product& how, void const* x, void const* w, float const* bias, float* y,
                   bool add) {
  if (bias != nullptr)
    check(cublasLtMatmulDescSetAttribute(how.operation.get(), CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                         static_cast<void const*>(&bias), sizeof bias),
          "naming a bias");
  float const one = 1.0f, kept = add ? 1.0f : 0.0f;
  check(cublasLtMatmul(handle_, how.operation.get(), &one, w, how.w.get(), x, how.x.get(), &kept, y, how.y.get(), y,
                       how.y.get(), &how.algorithm, workspace_.data(), workspace_bytes, stream),
        "enqueueing a product");
}

}  // namespace examples::mar::gpu
