// SPDX-License-Identifier: Apache-2.0
//
// draw_cached() with the head's weights in int8. A file of its own: kernels take long to compile.
#include "draw_cached.hpp"

template examples::mar::drawing examples::mar::draw_cached<ardent::int8_weight>(checkpoint const&, request const&);
