// SPDX-License-Identifier: Apache-2.0
//
// MAR by DDIM.
#include "mar_run.hpp"
#include "policies.hpp"

#include <ardent/grid/clip.hpp>
#include <ardent/grid/ddim_stride.hpp>
#include <ardent/solver/ddim.hpp>

namespace examples::replay {

mar_run run_mar_ddim(mar_system const& system, mar_case const& one) {
  return run_guided(system, one, ardent::process::cosine<train_timesteps>{},
                    ardent::grid::clip<ardent::grid::ddim_stride, ddim_clip>{}, ardent::solver::ddim<>{});
}

}  // namespace examples::replay
