// SPDX-License-Identifier: Apache-2.0
//
// draw_format() with the head's weights in bfloat16.
#include "draw_body.hpp"

template examples::mar::drawing examples::mar::gpu::draw_format<ardent::format::bf16>(checkpoint const&, request const&,
                                                                                      bool);
