// SPDX-License-Identifier: Apache-2.0
//
// A noise process whose last beta is above 1, inside an adaptor.
// expect: ardent::sampler: a number among the template arguments of a policy is out of its range
#include <ardent/ardent.hpp>

template <double BetaEnd>
using process = ardent::process::zero_terminal_snr<ardent::process::linear_between<1000, 0.0001, BetaEnd>>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, process<1.02>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, process<0.02>> sampler;
#endif
