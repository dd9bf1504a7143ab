// SPDX-License-Identifier: Apache-2.0
//
// A trajectory that is to end at training step 0 and visits it before: its last step would go nowhere.
// expect: ardent::sampler: the grid cannot make that many steps on this process
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::grid::end_at_first<ardent::grid::leading<0>>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::grid::end_at_first<ardent::grid::leading<1>>> sampler;
#endif
