// SPDX-License-Identifier: Apache-2.0
//
// What stands in for the GPU where the build found no CUDA.
#include "common/error.hpp"
#include "draw.hpp"

namespace examples::mar::gpu {

void check_device() {
  throw device_error(
      "--device: expected host, found cuda in a program built without it. Install CUDA 13 with cuBLAS and configure "
      "the "
      "build again.");
}

drawing draw(checkpoint const&, request const&, storage) {
  check_device();
  return {};
}

}  // namespace examples::mar::gpu
