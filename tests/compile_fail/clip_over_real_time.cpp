// SPDX-License-Identifier: Apache-2.0
//
// A clip at a training step of a grid that has none.
// expect: ardent::grid::clip: the grid has no training steps to clip
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::grid::clip<ardent::grid::time_uniform, 950> grid;
#else
ardent::grid::clip<ardent::grid::respaced, 950> grid;
#endif
