// SPDX-License-Identifier: Apache-2.0
//
// A grid that spaces log(alpha / sigma), to the end where that is infinite.
// expect: ardent::sampler: the grid (cannot make that many steps on this process|ends without noise)
#include <ardent/ardent.hpp>

using flow = ardent::process::flow_linear;
using velocity = ardent::predicts<ardent::prediction::velocity>;
using logsnr = ardent::grid::logsnr_uniform;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, flow, ardent::grid::between<logsnr, 0.98, 0>, velocity> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, flow, ardent::grid::between<logsnr, 0.98, 0.001>, velocity> sampler;
#endif
