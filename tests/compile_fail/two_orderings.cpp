// SPDX-License-Identifier: Apache-2.0
//
// A sampler with two orderings.
// expect: ardent::sampler: two orderings are named\. Keep one
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::masked<256, 64>, ardent::ordering::raster<256>> sampler;
#else
ardent::sampler<ardent::ordering::masked<256, 64>> sampler;
#endif
