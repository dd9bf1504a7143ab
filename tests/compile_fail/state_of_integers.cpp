// SPDX-License-Identifier: Apache-2.0
//
// A state that is neither float nor double.
// expect: ardent::state: the state is neither float nor double
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::state<int>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::state<double>> sampler;
#endif
