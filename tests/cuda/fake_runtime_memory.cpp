// SPDX-License-Identifier: Apache-2.0
//
// The fake runtime's devices, functions and memory.
#include <cstdlib>
#include <cstring>

#include "cuda/fake_runtime.hpp"
#include "cuda/fake_runtime_state.hpp"

namespace {

using fake::call;
using fake::made;
using fake::named;
using fake::the;

constexpr bool anytime = true, not_captured = false;

fake::device const& here() { return the().devices[static_cast<std::size_t>(fake::current_device())]; }
bool has_device(int number) { return number >= 0 && number < static_cast<int>(the().devices.size()); }

std::size_t used() {
  std::size_t sum = 0;
  for (auto const& block : the().memory) sum += block.second;
  return sum;
}

cudaError_t take(void** out, std::size_t size) {
  if (size > here().memory - used()) return cudaErrorMemoryAllocation;
  // aligned as a device's is, and filled, so that who reads what nothing wrote finds no zeros
  *out = std::aligned_alloc(256, size / 256 * 256 + 256);
  std::memset(*out, 0xa5, size + 1);
  the().memory[*out] = size;
  return cudaSuccess;
}

cudaError_t give_back(void* block) {
  if (block == nullptr) return cudaSuccess;
  if (the().memory.erase(block) == 0) return cudaErrorInvalidValue;
  std::free(block);
  return cudaSuccess;
}

int attribute(fake::device const& d, cudaDeviceAttr which, bool& known) {
  known = true;
  switch (which) {
    case cudaDevAttrComputeCapabilityMajor:
      return d.major;
    case cudaDevAttrComputeCapabilityMinor:
      return d.minor;
    case cudaDevAttrMultiProcessorCount:
      return d.sm_count;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      return d.shared_per_block;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      return d.shared_per_block_optin;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      return d.shared_per_sm;
    case cudaDevAttrReservedSharedMemoryPerBlock:
      return 1024;
    case cudaDevAttrCooperativeLaunch:
      return d.cooperative ? 1 : 0;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return d.threads_per_sm;
    case cudaDevAttrMaxThreadsPerBlock:
      return 1024;
    case cudaDevAttrWarpSize:
      return 32;
    default:
      known = false;
      return 0;
  }
}

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  return made(named("cudaGetDeviceCount"), anytime, [&](call&) {
    *count = static_cast<int>(the().devices.size());
    return cudaSuccess;
  });
}
cudaError_t cudaGetDevice(int* number) {
  return made(named("cudaGetDevice"), anytime, [&](call&) {
    *number = fake::current_device();
    return cudaSuccess;
  });
}
cudaError_t cudaSetDevice(int number) {
  return made(named("cudaSetDevice"), anytime, [&](call&) {
    if (!has_device(number)) return cudaErrorInvalidDevice;
    fake::current_device() = number;
    return cudaSuccess;
  });
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int number) {
  return made(named("cudaDeviceGetAttribute"), anytime, [&](call&) {
    if (!has_device(number)) return cudaErrorInvalidDevice;
    bool known = false;
    const int found = attribute(the().devices[static_cast<std::size_t>(number)], which, known);
    if (!known) return cudaErrorInvalidValue;
    *value = found;
    return cudaSuccess;
  });
}
cudaError_t cudaDeviceSynchronize() {
  return made(named("cudaDeviceSynchronize"), not_captured, [](call&) { return cudaSuccess; });
}

cudaError_t cudaFuncSetAttribute(void const* function, cudaFuncAttribute which, int value) {
  return made(named("cudaFuncSetAttribute"), anytime, [&](call&) {
    if (!the().kernels.contains(function)) return cudaErrorInvalidDeviceFunction;
    if (which != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
    if (value < 0 || value > here().shared_per_block_optin) return cudaErrorInvalidValue;
    the().dynamic_shared[{function, fake::current_device()}] = value;
    return cudaSuccess;
  });
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* out, void const* function) {
  return made(named("cudaFuncGetAttributes"), anytime, [&](call&) {
    if (!the().kernels.contains(function)) return cudaErrorInvalidDeviceFunction;
    const auto opted = the().dynamic_shared.find({function, fake::current_device()});
    *out = {};
    out->maxThreadsPerBlock = 1024;
    out->numRegs = 32;
    out->binaryVersion = out->ptxVersion = 10 * here().major + here().minor;
    out->maxDynamicSharedSizeBytes = opted == the().dynamic_shared.end() ? here().shared_per_block : opted->second;
    return cudaSuccess;
  });
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, void const* function, int threads,
                                                                   std::size_t shared, unsigned) {
  return made(named("cudaOccupancyMaxActiveBlocksPerMultiprocessor"), anytime, [&](call&) {
    if (!the().kernels.contains(function)) return cudaErrorInvalidDeviceFunction;
    if (threads < 1) return cudaErrorInvalidValue;
    *blocks =
        threads > 1024 || shared > static_cast<std::size_t>(here().shared_per_block_optin) ? 0 : here().blocks_per_sm;
    return cudaSuccess;
  });
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void const* function, int threads,
                                                          std::size_t shared) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, threads, shared, 0);
}

cudaError_t cudaMalloc(void** out, std::size_t size) {
  return made(named("cudaMalloc"), not_captured, [&](call&) { return take(out, size); });
}
cudaError_t cudaMallocAsync(void** out, std::size_t size, cudaStream_t stream) {
  return made(named("cudaMallocAsync", stream), not_captured, [&](call&) { return take(out, size); });
}
cudaError_t cudaMallocHost(void** out, std::size_t size) {
  return made(named("cudaMallocHost"), not_captured, [&](call&) { return take(out, size); });
}
cudaError_t cudaHostAlloc(void** out, std::size_t size, unsigned) {
  return made(named("cudaHostAlloc"), not_captured, [&](call&) { return take(out, size); });
}
cudaError_t cudaFree(void* block) {
  return made(named("cudaFree"), not_captured, [&](call&) { return give_back(block); });
}
cudaError_t cudaFreeAsync(void* block, cudaStream_t stream) {
  return made(named("cudaFreeAsync", stream), not_captured, [&](call&) { return give_back(block); });
}
cudaError_t cudaFreeHost(void* block) {
  return made(named("cudaFreeHost"), not_captured, [&](call&) { return give_back(block); });
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return made(named("cudaMemGetInfo"), anytime, [&](call&) {
    *total = here().memory;
    *free = here().memory - used();
    return cudaSuccess;
  });
}
cudaError_t cudaMemcpy(void* to, void const* from, std::size_t size, cudaMemcpyKind) {
  return made(named("cudaMemcpy"), not_captured, [&](call&) {
    std::memcpy(to, from, size);
    return cudaSuccess;
  });
}
cudaError_t cudaMemset(void* to, int value, std::size_t size) {
  return made(named("cudaMemset"), not_captured, [&](call&) {
    std::memset(to, value, size);
    return cudaSuccess;
  });
}
// A captured copy or fill is not run, and neither is it when the graph is launched.
cudaError_t cudaMemcpyAsync(void* to, void const* from, std::size_t size, cudaMemcpyKind, cudaStream_t stream) {
  return made(named("cudaMemcpyAsync", stream), anytime, [&](call& c) {
    const cudaError_t result = fake::enqueue(c);
    if (result == cudaSuccess && !c.captured) std::memcpy(to, from, size);
    return result;
  });
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t size, cudaStream_t stream) {
  return made(named("cudaMemsetAsync", stream), anytime, [&](call& c) {
    const cudaError_t result = fake::enqueue(c);
    if (result == cudaSuccess && !c.captured) std::memset(to, value, size);
    return result;
  });
}

}  // extern "C"
