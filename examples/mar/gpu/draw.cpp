// SPDX-License-Identifier: Apache-2.0
//
// Chooses the head's format, and gives the runtime's errors the program's type.
#include "draw.hpp"

#include <ardent/cuda/blaslt.hpp>
#include <ardent/cuda/error.hpp>

#include "common/error.hpp"
#include "draw_format.hpp"

namespace examples::mar::gpu {
namespace {

template <class F>
auto with_device_errors(F const& f) {
  try {
    return f();
  } catch (ardent::cuda::error const& error) {
    throw device_error(error.what());
  } catch (ardent::cuda::blaslt_error const& error) {
    throw device_error(error.what());
  }
}

}  // namespace

void check_device() {
  with_device_errors([] {
    int device = 0;
    ardent::cuda::check(cudaGetDevice(&device), "asking for the current device");
    // makes the device ready, which the question does not
    ardent::cuda::check(cudaFree(nullptr), "starting the device");
  });
}

drawing draw(checkpoint const& trained, request const& what, storage kept) {
  return with_device_errors([&] {
    return kept.head ? draw_format<ardent::format::bf16>(trained, what, kept.backbone)
                     : draw_format<ardent::format::fp32>(trained, what, kept.backbone);
  });
}

}  // namespace examples::mar::gpu
