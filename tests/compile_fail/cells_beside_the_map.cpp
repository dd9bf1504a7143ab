// SPDX-License-Identifier: Apache-2.0
//
// Cells that do not fill the map of tokens.
// expect: ardent::ordering::next_cell: the cells do not fill the map
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::next_cell<16, 16, 8, 5>> sampler;
#else
ardent::sampler<ardent::ordering::next_cell<16, 16, 8, 4>> sampler;
#endif
