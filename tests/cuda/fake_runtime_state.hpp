// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the fake runtime knows, for its own sources; tests use fake_runtime.hpp.

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cuda/fake_runtime.hpp"

namespace fake {

struct stream {
  int device;
  bool capturing = false;
  bool valid = true;  // no forbidden call since the capture began
  int nodes = 0;
};

struct planned_failure {
  std::string name;
  int number;
  cudaError_t error;
};

struct state {
  std::mutex mutex;
  std::vector<device> devices{device{}};
  cudaError_t always = cudaSuccess;
  std::vector<planned_failure> failures;
  std::vector<call> journal;
  std::vector<std::string> violations;
  std::map<void*, std::size_t> memory;  // device, pinned and managed
  std::map<void const*, std::unique_ptr<stream>> streams;
  std::set<void*> events;
  std::map<void*, int> graphs;  // and their nodes
  std::map<void*, int> executables;
  std::map<std::pair<void const*, int>, int> dynamic_shared;  // by kernel and device: what was opted in to
  std::map<void const*, std::string> kernels;                 // registered before main; reset() keeps them
};

state& the();

/// The calling thread's current device.
int& current_device();

/// What a call does, once it is known that it neither fails on request nor is forbidden: returns its result.
/// @param c        the call, with its name and, if it has one, its stream
/// @param allowed  false if it must not be made during a capture
/// @param act      takes the journal's entry; called under the lock
template <class F>
cudaError_t made(call c, bool allowed, F act);

/// The parts of made() that are no template. `before` returns what stops a call.
cudaError_t before(call& c, bool allowed);
cudaError_t after(call c, cudaError_t result);

template <class F>
cudaError_t made(call c, bool allowed, F act) {
  const std::lock_guard lock(the().mutex);
  cudaError_t result = before(c, allowed);
  if (result == cudaSuccess) result = act(c);
  return after(std::move(c), result);
}

inline call named(char const* name, cudaStream_t where = nullptr) {
  call c{};
  c.name = name;
  c.stream = where;
  return c;
}

/// A stream by its handle, or null: the legacy stream of the current device, and streams that do not exist.
stream* find(cudaStream_t handle);

/// Work enqueued on a stream: an error if the stream is dead, another device's, or not the one that is captured.
cudaError_t enqueue(call& c);

}  // namespace fake
