// SPDX-License-Identifier: Apache-2.0
//
// An ordering with more AR steps than tokens.
// expect: ardent::ordering::masked: the number of AR steps is not between 1 and the sequence length
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::masked<16, 17>> sampler;
#else
ardent::sampler<ardent::ordering::masked<16, 16>> sampler;
#endif
