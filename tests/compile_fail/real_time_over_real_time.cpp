// SPDX-License-Identifier: Apache-2.0
//
// Continuous time made of a process that has no training steps.
// expect: ardent::process::piecewise_log_alpha: the base is not a discrete process
#include <ardent/ardent.hpp>

using continuous = ardent::process::piecewise_log_alpha<ardent::process::cosine<>, 951>;

#ifdef ARDENT_BAD
ardent::process::piecewise_log_alpha<continuous, 951> process;
#else
continuous process;
#endif
