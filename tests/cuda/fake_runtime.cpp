// SPDX-License-Identifier: Apache-2.0
//
// The fake runtime's state, what tests ask of it, and launches.
#include "cuda/fake_runtime.hpp"

#include <algorithm>
#include <cstdlib>

#include "cuda/fake_runtime_state.hpp"

namespace fake {
namespace {

thread_local cudaError_t last_error = cudaSuccess;
thread_local int device_now = 0;

// What <<<>>> leaves for the launch that follows.
struct configuration {
  dim3 grid, block;
  std::size_t shared;
  cudaStream_t stream;
};
thread_local std::vector<configuration> pushed;

bool any_capture() {
  return std::any_of(the().streams.begin(), the().streams.end(), [](auto const& s) { return s.second->capturing; });
}

/// Notes what must not be called now; no capture that is open will give a graph.
void violate(std::string const& what) {
  the().violations.push_back(what);
  for (auto const& each : the().streams)
    if (each.second->capturing) each.second->valid = false;
}

bool is_launch(call const& c) { return c.function != nullptr; }

cudaError_t check_shape(call const& c, bool cooperative) {
  device const& d = the().devices[static_cast<std::size_t>(current_device())];
  const auto threads = static_cast<long long>(c.block.x) * c.block.y * c.block.z;
  const auto blocks = static_cast<long long>(c.grid.x) * c.grid.y * c.grid.z;
  if (blocks < 1 || threads < 1 || threads > 1024) return cudaErrorInvalidConfiguration;
  const auto opted = the().dynamic_shared.find({c.function, current_device()});
  const int most = opted == the().dynamic_shared.end() ? d.shared_per_block : opted->second;
  if (c.shared > static_cast<std::size_t>(most)) return cudaErrorInvalidValue;
  if (cooperative && !d.cooperative) return cudaErrorNotSupported;
  if (cooperative && blocks > static_cast<long long>(d.blocks_per_sm) * d.sm_count)
    return cudaErrorCooperativeLaunchTooLarge;
  return cudaSuccess;
}

cudaError_t launch(char const* name, void const* function, dim3 grid, dim3 block, std::size_t shared,
                   cudaStream_t where, bool cooperative) {
  call c = named(name, where);
  c.function = function;
  c.grid = grid;
  c.block = block;
  c.shared = shared;
  return made(c, true, [&](call& entry) {
    const auto kernel = the().kernels.find(function);
    if (kernel == the().kernels.end()) return cudaErrorInvalidDeviceFunction;
    entry.kernel = kernel->second;
    const cudaError_t shape = check_shape(entry, cooperative);
    return shape == cudaSuccess ? enqueue(entry) : shape;
  });
}

}  // namespace

state& the() {
  static auto* const s = new state;  // for calls after main too
  return *s;
}

int& current_device() { return device_now; }

stream* find(cudaStream_t handle) {
  const auto found = the().streams.find(handle);
  return found == the().streams.end() ? nullptr : found->second.get();
}

cudaError_t before(call& c, bool allowed) {
  state& s = the();
  if (s.always != cudaSuccess) return s.always;
  if (s.devices.empty()) return cudaErrorNoDevice;
  for (planned_failure& f : s.failures)
    if (f.name == c.name && --f.number == 0) return f.error;
  if (allowed || !any_capture()) return cudaSuccess;
  violate(c.name);
  return cudaErrorStreamCaptureUnsupported;
}

cudaError_t after(call c, cudaError_t result) {
  c.result = result;
  if (result != cudaSuccess) last_error = result;
  the().journal.push_back(std::move(c));
  return result;
}

cudaError_t enqueue(call& c) {
  stream* const s = find(c.stream);
  const bool legacy = c.stream == nullptr || c.stream == cudaStreamLegacy;
  if (!legacy && (s == nullptr || s->device != current_device())) return cudaErrorInvalidResourceHandle;
  if (s != nullptr && s->capturing) {
    ++s->nodes;
    c.captured = true;
  } else if (any_capture()) {
    violate(c.name + " on a stream that is not captured");
    return cudaErrorStreamCaptureImplicit;
  }
  return cudaSuccess;
}

void reset(std::vector<device> devices) {
  state& s = the();
  const std::lock_guard lock(s.mutex);
  for (auto const& block : s.memory) std::free(block.first);
  s.devices = std::move(devices);
  s.always = cudaSuccess;
  s.failures.clear();
  s.journal.clear();
  s.violations.clear();
  s.memory.clear();
  s.streams.clear();
  s.events.clear();
  s.graphs.clear();
  s.executables.clear();
  s.dynamic_shared.clear();
  last_error = cudaSuccess;
  device_now = 0;
}

void fail_always(cudaError_t error) {
  const std::lock_guard lock(the().mutex);
  the().always = error;
}

void fail(std::string const& name, int number, cudaError_t error) {
  const std::lock_guard lock(the().mutex);
  the().failures.push_back({name, number, error});
}

std::vector<call> calls() {
  const std::lock_guard lock(the().mutex);
  return the().journal;
}

std::vector<call> calls(std::string const& name) {
  std::vector<call> all = calls();
  std::erase_if(all, [&](call const& c) { return c.name != name; });
  return all;
}

std::vector<call> launches() {
  std::vector<call> all = calls();
  std::erase_if(all, [](call const& c) { return !is_launch(c); });
  return all;
}

std::vector<std::string> violations() {
  const std::lock_guard lock(the().mutex);
  return the().violations;
}

int nodes(cudaGraph_t graph) {
  const std::lock_guard lock(the().mutex);
  return the().graphs.at(graph);
}

std::size_t live() {
  state& s = the();
  const std::lock_guard lock(s.mutex);
  return s.memory.size() + s.streams.size() + s.events.size() + s.graphs.size() + s.executables.size();
}

}  // namespace fake

extern "C" {

// What nvcc's code calls before main: the names of kernels are all that is kept.
void** __cudaRegisterFatBinary(void*) {
  static void* handle = nullptr;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }
void __cudaRegisterVar(void**, char*, char*, char const*, int, std::size_t, int, int) {}
void __cudaRegisterFunction(void**, char const* host, char*, char const* name, int, uint3*, uint3*, dim3*, dim3*,
                            int*) {
  fake::the().kernels[host] = name;
}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared, CUstream_st* stream) {
  fake::pushed.push_back({grid, block, shared, stream});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared, void* stream) {
  if (fake::pushed.empty()) return cudaErrorMissingConfiguration;
  const fake::configuration c = fake::pushed.back();
  fake::pushed.pop_back();
  *grid = c.grid;
  *block = c.block;
  *shared = c.shared;
  *static_cast<cudaStream_t*>(stream) = c.stream;
  return cudaSuccess;
}
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, void const* function) {
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void*>(function));
  return cudaSuccess;
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void**, std::size_t shared,
                               cudaStream_t stream) {
  return fake::launch("cudaLaunchKernel", kernel, grid, block, shared, stream, false);
}
cudaError_t cudaLaunchKernel(void const* function, dim3 grid, dim3 block, void**, std::size_t shared,
                             cudaStream_t stream) {
  return fake::launch("cudaLaunchKernel", function, grid, block, shared, stream, false);
}
cudaError_t cudaLaunchCooperativeKernel(void const* function, dim3 grid, dim3 block, void**, std::size_t shared,
                                        cudaStream_t stream) {
  return fake::launch("cudaLaunchCooperativeKernel", function, grid, block, shared, stream, true);
}
cudaError_t cudaLaunchKernelExC(cudaLaunchConfig_t const* config, void const* function, void**) {
  bool cooperative = false;
  for (unsigned i = 0; i < config->numAttrs; ++i)
    if (config->attrs[i].id == cudaLaunchAttributeCooperative) cooperative = config->attrs[i].val.cooperative != 0;
  return fake::launch("cudaLaunchKernelExC", function, config->gridDim, config->blockDim, config->dynamicSmemBytes,
                      config->stream, cooperative);
}

cudaError_t cudaGetLastError() { return std::exchange(fake::last_error, cudaSuccess); }
cudaError_t cudaPeekAtLastError() { return fake::last_error; }

}  // extern "C"
