// SPDX-License-Identifier: Apache-2.0
//
// A grid that spaces log(alpha / sigma), from the end where that is infinite.
// expect: ardent::sampler: the grid starts in pure noise, where .* and log\(alpha / sigma\) is infinite
#include <ardent/ardent.hpp>

using flow = ardent::process::flow_linear;
using velocity = ardent::predicts<ardent::prediction::velocity>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, flow, ardent::grid::karras<>, velocity> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, flow, ardent::grid::between<ardent::grid::karras<>, 0.99, 0.01>, velocity>
    sampler;
#endif
