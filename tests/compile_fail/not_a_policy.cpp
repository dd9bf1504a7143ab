// SPDX-License-Identifier: Apache-2.0
//
// Something in a sampler's list that is no policy.
// expect: ardent::sampler: something in the list is not a policy
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, float> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::state<float>> sampler;
#endif
