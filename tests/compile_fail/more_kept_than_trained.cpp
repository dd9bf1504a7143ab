// SPDX-License-Identifier: Apache-2.0
//
// Continuous time over more training steps than the process has.
// expect: ardent::process::piecewise_log_alpha: more training steps are kept than the base has
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::process::piecewise_log_alpha<ardent::process::cosine<100>, 101> process;
#else
ardent::process::piecewise_log_alpha<ardent::process::cosine<100>, 100> process;
#endif
