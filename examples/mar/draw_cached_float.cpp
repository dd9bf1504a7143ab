// SPDX-License-Identifier: Apache-2.0
//
// draw_cached() with the head's weights in float32. A file of its own: kernels take long to compile.
#include "draw_cached.hpp"

template examples::mar::drawing examples::mar::draw_cached<float>(checkpoint const&, request const&);
