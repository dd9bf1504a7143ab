// SPDX-License-Identifier: Apache-2.0
//
// Other ends for a grid that would not keep to them.
// expect: ardent::grid::between: the grid has ends of its own, which other bounds do not move
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
using inner = ardent::grid::flow_shift<ardent::grid::xar<>, 3>;
#else
using inner = ardent::grid::flow_shift<ardent::grid::time_uniform, 3>;
#endif

ardent::grid::between<inner, 0.9, 0.1> grid;
