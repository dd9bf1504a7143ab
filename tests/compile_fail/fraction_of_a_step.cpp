// SPDX-License-Identifier: Apache-2.0
//
// An annealing of twelve steps and a fraction of one. Clang says it first, and then that the annealing cannot be used.
// compilers: g++ nvcc
// expect: ardent::number: the template argument is not a value of the number's type.*Give an integer
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<12.7>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<12.0>> sampler;
#endif
