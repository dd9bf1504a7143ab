// SPDX-License-Identifier: Apache-2.0
//
// A sampler without an ordering.
// expect: ardent::sampler: no ordering is named\. Add one
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::annealing::linear<50, 5>> sampler;
#else
ardent::sampler<ardent::ordering::masked<256, 64>, ardent::annealing::linear<50, 5>> sampler;
#endif
