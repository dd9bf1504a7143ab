// SPDX-License-Identifier: Apache-2.0
//
// An acceptance rule whose inner temperature is not positive.
// expect: ardent::speculative_options: a number among the template arguments of the acceptance policy is out of its
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::speculative_options<ardent::acceptance::cspd<0.0>> options;
#else
ardent::speculative_options<ardent::acceptance::cspd<4.0>> options;
#endif
