// SPDX-License-Identifier: Apache-2.0
//
// draw() with the head's weights in 8 bits. A file of its own: kernels take long to compile.
#include "draw.hpp"

template examples::mar::drawing examples::mar::draw<ardent::int8_weight>(checkpoint const&, request const&);
