// SPDX-License-Identifier: Apache-2.0
//
// Tables computed by the compiler and tables computed at run time are the same bits, whatever the program was compiled
// for: products are rounded before they are added to, so nothing is contracted.
#include <doctest/doctest.h>

#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/annealing/two_stage.hpp>
#include <ardent/grid/ddim_stride.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/ordering/random.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/process/linear.hpp>
#include <ardent/process/piecewise_log_alpha.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/solver/dpm_solver.hpp>
#include <ardent/solver/dpm_solver_pp.hpp>

#include "sampler/rows.hpp"

namespace {

using ardent::dynamic;
using ardent::prediction;
namespace annealing = ardent::annealing;
namespace grid = ardent::grid;
namespace ordering = ardent::ordering;
namespace process = ardent::process;
namespace solver = ardent::solver;
using ardent::variance;

using precise = ardent::state<double>;

// An opaque number, so that the optimiser cannot compute the dynamic tables either.
int given(int n) {
  int volatile opaque = n;
  return opaque;
}

template <class Static, class Dynamic>
void check_equal(Static const& fixed, Dynamic const& made) {
  static_assert(Static::tables_at_compile_time);
  static_assert(!Dynamic::tables_at_compile_time);
  test::check_same_bits(test::program_of(fixed), test::program_of(made));
}

}  // namespace

TEST_CASE("sampler: static and dynamic tables of DiSA's MAR") {
  check_equal(ardent::sampler<ordering::masked<256, 64>, annealing::linear<50, 5>, solver::ddpm<>, precise>(),
              ardent::make_sampler(ordering::masked(given(256), 64), annealing::linear(given(50), given(5)),
                                   solver::ddpm<>(), precise()));
}

TEST_CASE("sampler: static and dynamic tables of fixed variances and the unclipped grid") {
  check_equal(
      ardent::sampler<ordering::raster<16, 4>, annealing::cosine<20, 3>, process::linear<>, grid::respaced,
                      solver::ddpm<variance::fixed_small>, ardent::predicts<prediction::x0>, precise>(),
      ardent::make_sampler(ordering::raster(given(16), 4), annealing::cosine(given(20), 3),
                           process::linear(given(1000)), grid::respaced(), solver::ddpm<variance::fixed_small>(),
                           ardent::predicts<prediction::x0>(), precise()));
  check_equal(ardent::sampler<ordering::raster<4, 2>, annealing::table<31, 8>, grid::respaced,
                              solver::ddpm<variance::fixed_large>, precise>(),
              ardent::make_sampler(ordering::raster<4, 2>(), annealing::table<dynamic>({given(31), 8}),
                                   grid::respaced(), solver::ddpm<variance::fixed_large>(), precise()));
}

TEST_CASE("sampler: static and dynamic tables of DDIM") {
  check_equal(ardent::sampler<ordering::random<49, 12>, annealing::two_stage<50, 7>, grid::clip<grid::ddim_stride, 980>,
                              solver::ddim<0.3>, ardent::predicts<prediction::v>, precise>(),
              ardent::make_sampler(ordering::random(given(49), 12), annealing::two_stage(given(50), 7),
                                   grid::clip<grid::ddim_stride, dynamic>(given(980)), solver::ddim<dynamic>(0.3),
                                   ardent::predicts<prediction::v>(), precise()));
  check_equal(ardent::sampler<ordering::raster<4, 1>, process::cosine<400>, annealing::constant<77>, precise>(),
              ardent::make_sampler(ordering::raster<4, 1>(), process::cosine(given(400)), annealing::constant<77>(),
                                   precise()));
}

TEST_CASE("sampler: static and dynamic tables of DPM-Solver over real time") {
  using mar_time = process::piecewise_log_alpha<process::cosine<>, 951>;
  using given_time = process::piecewise_log_alpha<process::cosine<dynamic>, 951>;
  check_equal(ardent::sampler<ordering::masked<49, 3>, annealing::linear<25, 10>, mar_time, grid::time_uniform,
                              solver::dpm_solver_1, precise>(),
              ardent::make_sampler(ordering::masked<49, 3>(), annealing::linear<25, 10>(),
                                   given_time(process::cosine(given(1000))), grid::time_uniform(),
                                   solver::dpm_solver_1(), precise()));
  check_equal(ardent::sampler<ordering::masked<49, 3>, annealing::linear<25, 10>, mar_time, grid::time_uniform,
                              solver::dpm_solver_pp_1, precise>(),
              ardent::make_sampler(ordering::masked<49, 3>(), annealing::linear<25, 10>(),
                                   given_time(process::cosine(given(1000))), grid::time_uniform(),
                                   solver::dpm_solver_pp_1(), precise()));
}

TEST_CASE("sampler: a thousand static steps, within the compilers' default limits") {
  check_equal(
      ardent::sampler<ordering::raster<4, 1>, annealing::constant<1000>, grid::respaced, solver::ddpm<>, precise>(),
      ardent::make_sampler(ordering::raster<4, 1>(), annealing::constant(given(1000)), grid::respaced(),
                           solver::ddpm<>(), precise()));
}

TEST_CASE("sampler: rows of a float state are the double ones rounded once") {
  using single = ardent::sampler<ordering::masked<64, 8>, annealing::linear<20, 5>, solver::ddpm<>>;
  using twice = ardent::sampler<ordering::masked<64, 8>, annealing::linear<20, 5>, solver::ddpm<>, precise>;
  auto rounded = test::program_of(twice());
  for (double& x : rounded) x = static_cast<float>(x);
  test::check_same_bits(test::program_of(single()), rounded);
}
