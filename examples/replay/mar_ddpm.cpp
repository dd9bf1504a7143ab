// SPDX-License-Identifier: Apache-2.0
//
// MAR by DDPM.
#include "mar_run.hpp"
#include "policies.hpp"

#include <ardent/grid/clip.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/temperature/temperature.hpp>

namespace examples::replay {

mar_run run_mar_ddpm(mar_system const& system, mar_case const& one) {
  const int clip = one.sampler == "default" ? no_clip : disa_clip;
  return run_guided(system, one, ardent::process::cosine<train_timesteps>{},
                    ardent::grid::clip<published_respaced, ardent::dynamic>{clip}, ardent::solver::ddpm<>{},
                    ardent::temperature::constant{one.temperature});
}

}  // namespace examples::replay
