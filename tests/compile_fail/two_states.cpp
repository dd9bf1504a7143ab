// SPDX-License-Identifier: Apache-2.0
//
// A sampler with two types of the state.
// expect: ardent::sampler: two types of the state are named\. Keep one
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::state<float>, ardent::state<double>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::state<double>> sampler;
#endif
