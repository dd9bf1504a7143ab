// SPDX-License-Identifier: Apache-2.0
//
// Where the example programs run: the host executor, on the threads that the build was configured with
// (-Dthreads=std or omp).
#pragma once

#ifdef ARDENT_EXAMPLES_OPENMP
#  include <ardent/executor/openmp.hpp>
#else
#  include <ardent/executor/host.hpp>
#endif

namespace examples {

/// @brief The executor of the example programs. Results do not depend on which it is, nor on the number of threads.
#ifdef ARDENT_EXAMPLES_OPENMP
using host_executor = ardent::executor::openmp;
#else
using host_executor = ardent::executor::host;
#endif

}  // namespace examples
