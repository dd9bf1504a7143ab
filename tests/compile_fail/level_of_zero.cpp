// SPDX-License-Identifier: Apache-2.0
//
// A level behind the first that has no detail at all.
// expect: ardent::ordering::next_frequency: the side is not a positive integer, or the levels are not
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::next_frequency<16, 0, 2, 0>> sampler;
#else
ardent::sampler<ardent::ordering::next_frequency<16, 0, 2, 3>> sampler;
#endif
