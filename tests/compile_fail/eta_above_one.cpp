// SPDX-License-Identifier: Apache-2.0
//
// A template argument out of its range.
// expect: ardent::sampler: a number among the template arguments of a policy is out of its range
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::solver::ddim<1.5>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::solver::ddim<1.0>> sampler;
#endif
