// SPDX-License-Identifier: Apache-2.0
//
// A sampler of a guidance whose scale is given at run time, and was not.
// expect: ardent::sampler: a policy has a number that is given at run time, and was not\..*use make_sampler
#include <ardent/ardent.hpp>

auto make() {
#ifdef ARDENT_BAD
  return ardent::sampler<ardent::ordering::raster<16>, ardent::guidance::constant<>>();
#else
  return ardent::make_sampler(ardent::ordering::raster<16>(), ardent::guidance::constant(2.0));
#endif
}
