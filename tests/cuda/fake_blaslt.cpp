// SPDX-License-Identifier: Apache-2.0
//
// The fake cuBLASLt.
#include "cuda/fake_blaslt.hpp"

#include <ardent/float16.hpp>
#include <ardent/packed_matrix.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "cuda/fake_runtime_state.hpp"

namespace {

struct operation {
  cublasComputeType_t compute;
  cudaDataType_t scale;
  std::int32_t transpose_a = CUBLAS_OP_N;
  std::uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  std::int32_t bias_type = -1;
  void const* bias = nullptr;
};

struct matrix {
  cudaDataType_t type;
  std::uint64_t rows, columns;
  std::int64_t stride;
  std::int32_t batch = 1;
  std::int64_t step = 0;
};

struct preference {
  std::size_t workspace = 0;
  std::uint32_t alignment[4] = {256, 256, 256, 256};  // of A, B, C, D
};

int searched = 0, enqueued = 0, alive = 0;
bool computing = true;
std::vector<preference> promises;  // by the number in an algorithm

struct failure {
  std::string name;
  int number;
  cublasStatus_t error;
};
std::vector<failure> failures;

cublasStatus_t outcome(char const* name) {
  for (failure& f : failures)
    if (f.name == name && --f.number == 0) return f.error;
  return CUBLAS_STATUS_SUCCESS;
}

template <class T, class Handle, class... Arguments>
cublasStatus_t make(char const* name, Handle* out, Arguments... arguments) {
  const cublasStatus_t result = outcome(name);
  if (result != CUBLAS_STATUS_SUCCESS) return result;
  ++alive;
  *out = reinterpret_cast<Handle>(new T{arguments...});
  return result;
}

template <class T, class Handle>
cublasStatus_t destroy(Handle handle) {
  --alive;
  delete reinterpret_cast<T*>(handle);
  return CUBLAS_STATUS_SUCCESS;
}

template <class T>
cublasStatus_t assign(T& to, void const* from, std::size_t size) {
  if (size != sizeof to) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&to, from, size);
  return CUBLAS_STATUS_SUCCESS;
}

float element(cudaDataType_t type, void const* data, std::int64_t i) {
  if (type == CUDA_R_32F) return static_cast<float const*>(data)[i];
  if (type == CUDA_R_16F) return ardent::to_float(static_cast<ardent::float16 const*>(data)[i]);
  return ardent::to_float(static_cast<ardent::bfloat16 const*>(data)[i]);
}

void put(float value, cudaDataType_t type, void* data, std::int64_t i) {
  if (type == CUDA_R_32F)
    static_cast<float*>(data)[i] = value;
  else if (type == CUDA_R_16F)
    ardent::store_weight(value, static_cast<ardent::float16*>(data)[i]);
  else
    ardent::store_weight(value, static_cast<ardent::bfloat16*>(data)[i]);
}

std::size_t size_of(matrix const& m) { return m.type == CUDA_R_32F ? 4 : 2; }

bool fits(operation const& o, matrix const& a, matrix const& b, matrix const& c, matrix const& d) {
  const bool t = o.transpose_a == CUBLAS_OP_T;
  const std::uint64_t m = t ? a.columns : a.rows, k = t ? a.rows : a.columns;
  const bool types = o.compute == CUBLAS_COMPUTE_32F && o.scale == CUDA_R_32F && a.type == b.type &&
                     (a.type == CUDA_R_32F || a.type == CUDA_R_16BF || a.type == CUDA_R_16F) && c.type == d.type &&
                     (d.type == CUDA_R_32F || d.type == a.type);
  const bool bias =
      o.epilogue == CUBLASLT_EPILOGUE_DEFAULT || (o.epilogue == CUBLASLT_EPILOGUE_BIAS && o.bias_type == d.type);
  bool strides = true, batches = true;
  for (matrix const* each : {&a, &b, &c, &d}) {
    strides = strides && each->stride >= static_cast<std::int64_t>(each->rows) && each->rows > 0 && each->columns > 0;
    batches = batches && each->batch == d.batch && (d.batch == 1 || each->step > 0);
  }
  return types && bias && strides && batches && b.rows == k && d.rows == m && d.columns == b.columns &&
         c.rows == d.rows && c.columns == d.columns;
}

bool aligned(void const* data, matrix const& m, std::uint32_t to) {
  return reinterpret_cast<std::uintptr_t>(data) % to == 0 &&
         (m.batch == 1 || static_cast<std::size_t>(m.step) * size_of(m) % to == 0);
}

template <class T>
T const& of(void const* handle) {
  return *static_cast<T const*>(handle);
}

}  // namespace

namespace fake::blaslt {

void reset() {
  searched = enqueued = 0;
  failures.clear();
  computing = true;
}
void fail(char const* name, int number, cublasStatus_t error) { failures.push_back({name, number, error}); }
int searches() { return searched; }
int products() { return enqueued; }
int live() { return alive; }
void compute(bool on) { computing = on; }

}  // namespace fake::blaslt

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* out) { return make<char>("cublasLtCreate", out); }
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) { return destroy<char>(handle); }
char const* cublasLtGetStatusName(cublasStatus_t code) {
  return code == CUBLAS_STATUS_NOT_SUPPORTED ? "CUBLAS_STATUS_NOT_SUPPORTED" : "CUBLAS_STATUS_OF_THE_TEST";
}
char const* cublasLtGetStatusString(cublasStatus_t) { return "a status of the test"; }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* out, cublasComputeType_t compute, cudaDataType_t scale) {
  return make<operation>("cublasLtMatmulDescCreate", out, compute, scale);
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t handle) { return destroy<operation>(handle); }
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t handle, cublasLtMatmulDescAttributes_t what,
                                              void const* value, std::size_t size) {
  auto& o = *reinterpret_cast<operation*>(handle);
  switch (what) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return assign(o.transpose_a, value, size);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return assign(o.epilogue, value, size);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
      return assign(o.bias_type, value, size);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return assign(o.bias, value, size);
    default:
      return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* out, cudaDataType type, std::uint64_t rows,
                                          std::uint64_t columns, std::int64_t stride) {
  return make<matrix>("cublasLtMatrixLayoutCreate", out, type, rows, columns, stride);
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t handle) { return destroy<matrix>(handle); }
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t handle, cublasLtMatrixLayoutAttribute_t what,
                                                void const* value, std::size_t size) {
  auto& m = *reinterpret_cast<matrix*>(handle);
  if (what == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT) return assign(m.batch, value, size);
  if (what == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET) return assign(m.step, value, size);
  return CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* out) {
  return make<preference>("cublasLtMatmulPreferenceCreate", out);
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t handle) {
  return destroy<preference>(handle);
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t handle,
                                                    cublasLtMatmulPreferenceAttributes_t what, void const* value,
                                                    std::size_t size) {
  auto& p = *reinterpret_cast<preference*>(handle);
  if (what == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) return assign(p.workspace, value, size);
  const int which = static_cast<int>(what) - static_cast<int>(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
  return which < 0 || which > 3 ? CUBLAS_STATUS_NOT_SUPPORTED : assign(p.alignment[which], value, size);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t o, cublasLtMatrixLayout_t a,
                                              cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                                              cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t p, int,
                                              cublasLtMatmulHeuristicResult_t results[], int* count) {
  ++searched;
  *count = 0;
  const cublasStatus_t result = outcome("cublasLtMatmulAlgoGetHeuristic");
  if (result == CUBLAS_STATUS_NOT_SUPPORTED) return CUBLAS_STATUS_SUCCESS;  // the library's other way to find none
  if (result != CUBLAS_STATUS_SUCCESS) return result;
  if (!fits(of<operation>(o), of<matrix>(a), of<matrix>(b), of<matrix>(c), of<matrix>(d)))
    return CUBLAS_STATUS_INVALID_VALUE;
  results[0] = {};
  results[0].algo.data[0] = promises.size();
  promises.push_back(of<preference>(p));
  *count = 1;
  return result;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t desc, void const* alpha, void const* a_data,
                              cublasLtMatrixLayout_t a_layout, void const* b_data, cublasLtMatrixLayout_t b_layout,
                              void const* beta, void const* c_data, cublasLtMatrixLayout_t c_layout, void* d_data,
                              cublasLtMatrixLayout_t d_layout, cublasLtMatmulAlgo_t const* algorithm, void* workspace,
                              std::size_t workspace_bytes, cudaStream_t stream) {
  auto const& o = of<operation>(desc);
  matrix const &a = of<matrix>(a_layout), &b = of<matrix>(b_layout), &d = of<matrix>(d_layout);
  const cublasStatus_t result = outcome("cublasLtMatmul");
  if (result != CUBLAS_STATUS_SUCCESS) return result;
  preference const& promised = promises.at(algorithm->data[0]);
  const bool bias = o.epilogue == CUBLASLT_EPILOGUE_BIAS;
  if (!fits(o, a, b, of<matrix>(c_layout), d) || c_data != d_data || workspace_bytes < promised.workspace ||
      workspace == nullptr || (bias && o.bias == nullptr) || !aligned(a_data, a, promised.alignment[0]) ||
      !aligned(b_data, b, promised.alignment[1]) || !aligned(d_data, d, promised.alignment[3]))
    return CUBLAS_STATUS_INVALID_VALUE;
  // to the runtime it is a launch, which a capture notes
  fake::call c = fake::named("cublasLtMatmul", stream);
  if (fake::made(c, true, [](fake::call& entry) { return fake::enqueue(entry); }) != cudaSuccess)
    return CUBLAS_STATUS_EXECUTION_FAILED;
  ++enqueued;
  if (!computing) return result;
  const bool t = o.transpose_a == CUBLAS_OP_T;
  const auto inner = static_cast<std::int64_t>(b.rows);
  for (std::int64_t batch = 0; batch < d.batch; ++batch)
    for (std::int64_t column = 0; column < static_cast<std::int64_t>(d.columns); ++column)
      for (std::int64_t row = 0; row < static_cast<std::int64_t>(d.rows); ++row) {
        double sum = 0;
        for (std::int64_t k = 0; k < inner; ++k)
          sum += double{element(a.type, a_data, batch * a.step + (t ? row * a.stride + k : k * a.stride + row))} *
                 double{element(b.type, b_data, batch * b.step + column * b.stride + k)};
        const std::int64_t at = batch * d.step + column * d.stride + row;
        sum *= double{*static_cast<float const*>(alpha)};
        const double kept = double{*static_cast<float const*>(beta)};
        if (kept != 0) sum += kept * double{element(d.type, d_data, at)};
        if (bias) sum += double{element(d.type, o.bias, row)};
        put(static_cast<float>(sum), d.type, d_data, at);
      }
  return result;
}

}  // extern "C"
