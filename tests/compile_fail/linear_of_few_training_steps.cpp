// SPDX-License-Identifier: Apache-2.0
//
// A linear process of so few training steps that a beta would exceed 1.
// expect: ardent::sampler: a number among the template arguments of a policy is out of its range
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<5>, ardent::process::linear<10>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<5>, ardent::process::linear<21>> sampler;
#endif
