// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A CUDA runtime that runs nothing: for tests of launch code on machines without a GPU.
///
/// fake_runtime.py compiles runtime/*.cu and links them with the fake's sources, whose functions then stand in front of
/// the real runtime's. They answer as the described devices would: they check streams, launch shapes, shared memory and
/// what may be called while a stream is captured, keep a journal, hand out host memory, and fail on request. Kernels
/// are not run. A function of the runtime that the fake does not have fails the build of the test, by name.
///
/// A test begins with reset(). What it may then ask is below.

#include <cuda_runtime_api.h>

#include <cstddef>
#include <string>
#include <vector>

namespace fake {

/// @brief A device as the runtime describes it; an H100 by default.
struct device {
  int major = 9;                              ///< compute capability
  int minor = 0;                              ///< see major
  int sm_count = 132;                         ///< multiprocessors
  int shared_per_block = 48 << 10;            ///< dynamic shared memory that needs no opt-in
  int shared_per_block_optin = 227 << 10;     ///< most dynamic shared memory of a block
  int shared_per_sm = 228 << 10;              ///< shared memory of a multiprocessor
  int threads_per_sm = 2048;                  ///< threads that a multiprocessor holds
  bool cooperative = true;                    ///< cooperative launches are supported
  int blocks_per_sm = 1;                      ///< what occupancy calls answer for launches that fit
  std::size_t memory = std::size_t{1} << 30;  ///< device memory in all
};

/// @brief A call of the runtime.
struct call {
  std::string name;                ///< the function; every launch but cooperative ones and ExC is cudaLaunchKernel
  cudaError_t result;              ///< what it returned
  bool captured = false;           ///< it became a node of a graph
  std::string kernel;              ///< launches: the kernel's mangled name
  void const* function = nullptr;  ///< launches: the kernel's host function
  dim3 grid{};                     ///< launches: blocks
  dim3 block{};                    ///< launches: threads of a block
  std::size_t shared = 0;          ///< launches: dynamic shared memory in bytes
  cudaStream_t stream = nullptr;   ///< where, if it is called with a stream
};

/// @brief A fresh state with these devices; device 0 is current. With none, every call returns cudaErrorNoDevice.
void reset(std::vector<device> devices = {device{}});

/// @brief From now on every call returns this, and does nothing; cudaSuccess ends it.
void fail_always(cudaError_t error);

/// @brief The number-th call of a function from now on, from 1, returns an error and does nothing.
void fail(std::string const& name, int number, cudaError_t error);

/// @brief The calls since reset(), without those that ask for the last error.
std::vector<call> calls();
/// @brief Those of a function.
std::vector<call> calls(std::string const& name);
/// @brief Those that launch a kernel, in whatever way.
std::vector<call> launches();

/// @brief What was called while a stream was captured and must not be: allocation and release of memory (also the
/// stream-ordered ones: an AR step does neither), waits and queries, blocking copies, and work on a stream that is not
/// captured. Such a call fails, and the capture with it.
std::vector<std::string> violations();

/// @brief Kernel launches, copies and fills in a graph.
int nodes(cudaGraph_t graph);

/// @brief Blocks of memory, streams, events and graphs that were made since reset() and are not destroyed.
std::size_t live();

}  // namespace fake
