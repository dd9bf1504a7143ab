// SPDX-License-Identifier: Apache-2.0
//
// What is thrown where the runtime fails: the call, the error and advice in one line; and that nothing is left behind.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "scene.hpp"

namespace {

/// The message of the exception of an AR step that must fail.
std::string message(cudaStream_t stream, cudaError_t expected) {
  std::size_t const before = fake::live();
  std::string what;
  try {
    scene::draw(stream, 0, 16);
  } catch (ardent::cuda::error const& e) {
    CHECK(e.code() == expected);
    what = e.what();
  }
  CHECK(fake::live() == before);
  CHECK(cudaPeekAtLastError() == cudaSuccess);  // so that the next call is not blamed
  return what;
}

void check_message(std::string const& what, std::string const& name, std::string const& advice) {
  INFO(what);
  CHECK(what.starts_with("ardent::cuda: launching a pointwise trajectory failed with " + name + " ("));
  CHECK(what.ends_with("). " + advice));
  CHECK(what.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("errors: a machine without a driver, and one without a device") {
  fake::reset();
  fake::fail_always(cudaErrorInsufficientDriver);
  check_message(message(nullptr, cudaErrorInsufficientDriver), "cudaErrorInsufficientDriver",
                "Install an NVIDIA driver that supports CUDA 13, or draw on the host with executor::host.");
  fake::reset({});
  check_message(message(nullptr, cudaErrorNoDevice), "cudaErrorNoDevice",
                "No GPU is visible: check CUDA_VISIBLE_DEVICES, or draw on the host with executor::host.");
}

TEST_CASE("errors: launches that fail, after which others succeed") {
  struct failure {
    cudaError_t code;
    char const* name;
    char const* advice;
  };
  failure const failures[] = {
      {cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice",
       "The program has no code for this GPU: add its architecture to nvcc's -gencode."},
      {cudaErrorUnsupportedPtxVersion, "cudaErrorUnsupportedPtxVersion",
       "The driver is older than the compiler: update it, or compile for this GPU's architecture."},
      {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources",
       "The kernel asks for more registers or shared memory than this GPU has: use another format of the weights, or "
       "draw on the host with executor::host."},
      {cudaErrorNotSupported, "cudaErrorNotSupported",
       "This GPU or its driver cannot do that: draw on the host with executor::host, or on another GPU."},
      {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "Free device memory, or draw fewer images at once."},
      {cudaErrorIllegalAddress, "cudaErrorIllegalAddress",
       "A pointer given to an earlier kernel is not device memory, or its array is too short: run the program under "
       "compute-sanitizer."},
      {cudaErrorUnknown, "cudaErrorUnknown", "See the CUDA runtime's description of this error."},
  };
  fake::reset();
  scene::stream const stream;
  for (failure const& f : failures) {
    fake::fail("cudaLaunchKernel", 1, f.code);
    check_message(message(stream.get(), f.code), f.name, f.advice);
    CHECK_NOTHROW(scene::draw(stream.get(), 0, 16));
    CHECK(fake::calls().back().result == cudaSuccess);
  }
}

TEST_CASE("errors: a stream that was destroyed, and one of another device") {
  fake::reset({fake::device{}, fake::device{}});
  scene::check_bad_streams("launching a pointwise trajectory", [](cudaStream_t s) { scene::draw(s, 0, 16); });
  CHECK(fake::live() == 0);
}

TEST_CASE("errors: an error from before is not blamed on what succeeds") {
  fake::reset();
  void* block = nullptr;
  CHECK(cudaMalloc(&block, std::size_t{2} << 30) == cudaErrorMemoryAllocation);
  CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
  CHECK_NOTHROW(scene::draw(nullptr, 0, 16));
}
