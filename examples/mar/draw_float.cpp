// SPDX-License-Identifier: Apache-2.0
//
// draw() with the head's weights in float32. A file of its own: kernels take long to compile.
#include "draw.hpp"

template examples::mar::drawing examples::mar::draw<float>(checkpoint const&, request const&);
