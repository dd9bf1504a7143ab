// SPDX-License-Identifier: Apache-2.0
//
// From the numbers of a composition to the library's policies.
#include <cmath>
#include <stdexcept>

#include "property/composition.hpp"

namespace property {
namespace {

namespace annealing = ardent::annealing;
namespace grid = ardent::grid;
namespace guidance = ardent::guidance;
namespace ordering = ardent::ordering;
namespace process = ardent::process;
namespace solver = ardent::solver;
namespace temperature = ardent::temperature;
using ardent::prediction;

int root_of(int length) { return std::max(1, static_cast<int>(std::sqrt(length))); }

// Sides 1, 2, ... of as many scales as fit.
std::vector<int> scales_of(composition const& c) {
  std::vector<int> sides;
  for (int side = 1, sum = 0; sum + side * side <= std::max(c.length, 1) && static_cast<int>(sides.size()) < c.ar_steps;
       sum += side * side, ++side)
    sides.push_back(side);
  return sides;
}

}  // namespace

bool permuted(composition const& c) { return c.ordering < 2; }

template <>
any_ordering<true> ordering_of<true>(composition const& c) {
  if (c.ordering == 0) return any_ordering<true>(ordering::random(c.length, c.ar_steps));
  return any_ordering<true>(ordering::masked(c.length, c.ar_steps));
}

template <>
any_ordering<false> ordering_of<false>(composition const& c) {
  switch (c.ordering) {
    case 2:
      return any_ordering<false>(ordering::raster(c.length, c.ar_steps));
    case 3:
      return any_ordering<false>(ordering::next_scale(scales_of(c)));
    case 4: {
      int const cells = root_of(c.ar_steps), side = std::max(1, root_of(c.length) / cells);
      return any_ordering<false>(ordering::next_cell(cells * side, cells * side, side, side));
    }
    default: {
      int const side = std::min(4, root_of(c.length));
      std::vector<int> levels;
      for (int level = 1; level <= side; ++level) levels.push_back(level);
      return any_ordering<false>(ordering::next_frequency<ardent::dynamic>(side, levels));
    }
  }
}

any_annealing annealing_of(composition const& c, int ar_steps) {
  auto const of = [&](auto const& policy) {
    any_annealing all;
    for (int i = 0; i < ar_steps; ++i) all.table.push_back(policy.steps(i, ar_steps));
    return all;
  };
  switch (c.annealing) {
    case 0:
      return of(annealing::constant(c.upper));
    case 1:
      return of(annealing::linear(c.upper, c.lower));
    case 2:
      return of(annealing::cosine(c.upper, c.lower));
    case 3:
      return of(annealing::two_stage(c.upper, c.lower));
    case 4:
      return of(annealing::flowar(c.upper, c.lower));
    default:
      return of(annealing::xar(c.upper, c.lower));
  }
}

any_grid grid_of(composition const& c) {
  process::cosine const cosine(1000);
  process::linear_continuous<> const continuous;
  process::piecewise_log_alpha<process::cosine<>, 951> const piecewise;
  using evenly = grid::time_uniform;
  using inside = grid::between<evenly, 0.9, 0.1>;
  bool const two = c.solver == 15, three = c.solver == 16;  // solvers whose steps have inner nodes
  switch (c.path) {
    case 0:
      return grid_on(cosine, grid::clip(grid::respaced{}, 950));
    case 1:
      return grid_on(process::cosine(400), grid::clip(grid::ddim_stride{}, 380));
    case 2:
      return grid_on(process::linear(1000), grid::respaced{});
    case 3:
      return grid_on(process::scaled_linear<>{}, grid::leading(1));
    case 4:
      return grid_on(process::sigmoid<>{}, grid::linspace{});
    case 5:
      return grid_on(process::zero_terminal_snr(process::scaled_linear<>{}), grid::trailing{});
    case 6:
      return grid_on(piecewise, evenly{});
    case 7:
      return grid_on(piecewise, grid::logsnr_uniform{});
    case 8:
      if (two) return grid_on(continuous, grid::subdivided<grid::logsnr_uniform, 2>{});
      if (three) return grid_on(continuous, grid::subdivided<grid::logsnr_uniform, 3>{});
      return grid_on(continuous, grid::time_quadratic{});
    case 9:
      return grid_on(continuous, grid::karras(7.0));
    case 10:
      return grid_on(process::cosine_continuous{}, grid::to_clean<evenly>{});
    case 11:
      return grid_on(process::flow_linear{}, evenly{});
    case 12:
      return grid_on(process::flow_linear{}, grid::flow_shift(evenly{}, 3.0));
    case 13:
      return grid_on(process::flow_linear{}, grid::flowar{});
    case 14:
      return grid_on(process::flow_linear{}, grid::xar(0.04));
    case 15:
      if (two) return grid_on(process::flow_linear{}, grid::subdivided<inside, 2>{});
      if (three) return grid_on(process::flow_linear{}, grid::subdivided<inside, 3>{});
      return grid_on(process::flow_linear{}, inside{});
    default:
      return grid_on(process::flow_cosine{}, evenly{});
  }
}

any_solver solver_of(composition const& c) {
  using ardent::multistep_form;
  using ardent::variance;
  auto const of = [&](auto const& policy) { return any_solver(policy, prediction_of(c)); };
  switch (c.solver) {
    case 0:
      return of(solver::ddim<>{});
    case 1:
      return of(solver::ddim<ardent::dynamic>(0.6));
    case 2:
      return of(solver::ddpm<variance::fixed_small>{});
    case 3:
      return of(solver::ddpm<variance::fixed_large>{});
    case 4:
      return of(solver::dpm_solver<1>{});
    case 5:
      return of(solver::dpm_solver<2, multistep_form::heun>{});
    case 6:
      return of(solver::dpm_solver<3>{});
    case 7:
      return of(solver::dpm_solver_pp<2>{});
    case 8:
      return of(solver::dpm_solver_pp<3>{});
    case 9:
      return of(solver::sde_dpm_solver_pp<2>{});
    case 10:
      return of(solver::unipc_2<>{});
    case 11:
      return of(solver::flow_euler{});
    case 12:
      return of(solver::flow_ab2{});
    case 13:
      return of(solver::flow_heun{});
    case 14:
      return of(solver::flow_euler_maruyama{});
    case 15:
      return of(solver::singlestep_2{});
    default:
      return of(solver::singlestep_3{});
  }
}

bool guided(composition const& c) { return c.guidance > 0; }
bool guided_at_times(composition const& c) { return c.guidance == 6; }

any_guidance guidance_of(composition const& c) {
  double const scale = c.scale / 100.0;
  auto const of = [](auto const& policy) {
    return any_guidance{[policy](ardent::ar_progress const& p) { return policy.scale(p); }};
  };
  switch (c.guidance) {
    case 1:
      return of(guidance::constant(scale));
    case 2:
      return of(guidance::linear(scale));
    case 3:
      return of(guidance::cosine(scale));
    case 4:
      return of(guidance::linear_by_step(scale));
    case 5:
      return of(guidance::linear_open(scale));
    default: {
      // in the middle of the times that there are: training steps, or [0, 1]
      double const most = c.path < 6 ? 1000 : c.path < 8 ? 950 : 1;
      guidance::constant<> const everywhere(scale);
      guidance::interval const policy(everywhere, 0.2 * most, 0.7 * most);
      any_guidance all = of(policy);
      all.acts = [policy](double timestep) { return policy.acts_at(timestep); };
      return all;
    }
  }
}

any_temperature temperature_of(composition const& c) {
  double const heat = c.heat / 100.0;
  auto const of = [](auto const& policy) {
    return any_temperature{[policy](ardent::ar_progress const& p) { return policy.factor(p); }};
  };
  switch (c.temperature) {
    case 0:
      return of(temperature::none{});
    case 1:
      return of(temperature::constant(heat));
    case 2:
      return of(temperature::linear(heat, 1.0));
    default:
      return of(temperature::cosine(0.5, heat));
  }
}

prediction prediction_of(composition const& c) {
  if (c.path >= 11) return c.from == 0 ? prediction::x0 : prediction::velocity;
  return c.from == 0 ? prediction::epsilon : c.from == 1 ? prediction::x0 : prediction::v;
}

bool linear_path(composition const& c) { return c.path >= 11 && c.path <= 15; }

bool exact_line(composition const& c) {
  bool const flow = c.solver >= 11 && c.solver <= 13;
  bool const noisy = (c.solver >= 1 && c.solver <= 3) || c.solver == 9 || c.solver == 14;
  return !noisy && (!flow || linear_path(c));
}

bool exact_end(composition const& c) { return exact_line(c) || (c.solver >= 1 && c.solver <= 3) || c.solver == 9; }

}  // namespace property
