// SPDX-License-Identifier: Apache-2.0
//
// A sampler with two temperatures.
// expect: ardent::sampler: two temperatures are named\. Keep one
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::solver::ddpm<>, ardent::temperature::constant<0.9>,
                ardent::temperature::linear<1.0, 0.9>>
    sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::solver::ddpm<>, ardent::temperature::linear<1.0, 0.9>> sampler;
#endif
