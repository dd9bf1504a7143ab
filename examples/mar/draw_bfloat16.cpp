// SPDX-License-Identifier: Apache-2.0
//
// draw() with the head's weights in bfloat16. A file of its own: kernels take long to compile.
#include "draw.hpp"

template examples::mar::drawing examples::mar::draw<ardent::bfloat16>(checkpoint const&, request const&);
