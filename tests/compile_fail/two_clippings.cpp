// SPDX-License-Identifier: Apache-2.0
//
// A sampler with two clippings.
// expect: ardent::sampler: two clippings are named\. Keep one
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::clipping::none, ardent::clipping::x0<>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::clipping::x0<>> sampler;
#endif
