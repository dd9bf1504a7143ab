// SPDX-License-Identifier: Apache-2.0
//
// A scale without tokens.
// expect: ardent::ordering::next_scale: the sides are not between 1 and 65536 positive integers
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::next_scale<1, 0, 4>> sampler;
#else
ardent::sampler<ardent::ordering::next_scale<1, 2, 4>> sampler;
#endif
