// SPDX-License-Identifier: Apache-2.0
//
// The main function of every GPU test program: doctest's where there is a GPU; where there is none, a sentence and the
// exit status 77, which build systems count as skipped.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cuda_runtime_api.h>

#include <cstdio>

#include "support/environment.hpp"

int main(int argc, char** argv) {
  int devices = 0;
  cudaError_t const code = cudaGetDeviceCount(&devices);
  if (code != cudaSuccess || devices < 1) {
    std::printf("skipped: there is no GPU to test on (%s)\n",
                cudaGetErrorName(code == cudaSuccess ? cudaErrorNoDevice : code));
    return 77;
  }
  doctest::Context context(argc, argv);
  int const status = context.run();
  if (!context.shouldExit()) std::printf("[ardent] skipped: %d\n", test::skipped());
  return status;
}
