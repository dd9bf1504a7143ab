// SPDX-License-Identifier: Apache-2.0
//
// draw() for one format of the head's weights, each in a file of its own: kernels take long to compile.
#pragma once

#include <ardent/tile/format.hpp>

#include "mar/drawing.hpp"

namespace examples::mar::gpu {

/// @tparam Format of ardent::format
/// @throws as draw(), and ardent::cuda::error
template <class Format>
[[nodiscard]] drawing draw_format(checkpoint const& trained, request const& what, bool backbone_in_bfloat16);

extern template drawing draw_format<ardent::format::fp32>(checkpoint const&, request const&, bool);
extern template drawing draw_format<ardent::format::bf16>(checkpoint const&, request const&, bool);

}  // namespace examples::mar::gpu
