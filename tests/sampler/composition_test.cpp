// SPDX-License-Identifier: Apache-2.0
//
// Policies may come in any order and be left out: equal compositions are one type.
#include <doctest/doctest.h>

#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/grid/ddim_stride.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/process/linear.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <type_traits>

namespace {

using ardent::dynamic;
using ardent::prediction;
using ardent::sampler;
namespace annealing = ardent::annealing;
namespace grid = ardent::grid;
namespace guidance = ardent::guidance;
namespace numerics = ardent::numerics;
namespace ordering = ardent::ordering;
namespace process = ardent::process;
namespace solver = ardent::solver;

using disa =
    sampler<ordering::masked<256, 64>, annealing::linear<50, 5>, process::linear<>, grid::ddim_stride, solver::ddpm<>,
            guidance::linear<2.9>, ardent::predicts<prediction::v>, ardent::state<double>, numerics::invariant>;

}  // namespace

TEST_CASE("sampler: the order in which policies are named does not matter") {
  static_assert(
      std::is_same_v<disa, sampler<numerics::invariant, ardent::state<double>, ardent::predicts<prediction::v>,
                                   guidance::linear<2.9>, solver::ddpm<>, grid::ddim_stride, process::linear<>,
                                   annealing::linear<50, 5>, ordering::masked<256, 64>>>);
  static_assert(std::is_same_v<disa, sampler<solver::ddpm<>, ordering::masked<256, 64>, ardent::state<double>,
                                             grid::ddim_stride, guidance::linear<2.9>, process::linear<>,
                                             ardent::predicts<prediction::v>, annealing::linear<50, 5>>>);
  static_assert(!std::is_same_v<disa, sampler<ordering::masked<256, 64>, annealing::linear<50, 5>>>);
}

TEST_CASE("sampler: what is left out has its default") {
  using least = sampler<ordering::raster<16>>;
  static_assert(
      std::is_same_v<least, sampler<ordering::raster<16>, annealing::constant<50>, process::cosine<>,
                                    grid::clip<grid::respaced, 950>, solver::ddim<>, guidance::none,
                                    ardent::predicts<prediction::epsilon>, ardent::state<float>, numerics::invariant>>);
  static_assert(std::is_same_v<least::state_type, float>);
  static_assert(least::predicted == prediction::epsilon && !least::guided && least::branches == 1);
  static_assert(!least::reads_variance && !least::permuted);
  CHECK(least().requested_steps(0) == 50);
  CHECK(least().effective_steps(0) == 48);
}

TEST_CASE("sampler: what a composition says of itself") {
  static_assert(std::is_same_v<disa::state_type, double>);
  static_assert(disa::predicted == prediction::v && disa::guided && disa::branches == 2);
  static_assert(disa::reads_variance && disa::permuted);
  disa const s;
  CHECK(s.sequence_length() == 256);
  CHECK(s.ar_steps() == 64);
  CHECK(s.annealing().upper() == 50);
  CHECK(s.guidance().guidance_scale() == 2.9);
  CHECK(s.process().train_timesteps() == 1000);
}

TEST_CASE("sampler: values make the same type as names, in any order") {
  auto const made = ardent::make_sampler(solver::ddpm<>(), ordering::masked<64, 16>(), annealing::linear<20, 5>());
  static_assert(std::is_same_v<std::remove_cv_t<decltype(made)>,
                               sampler<ordering::masked<64, 16>, annealing::linear<20, 5>, solver::ddpm<>>>);
  auto const given = ardent::make_sampler(annealing::linear(20, 5), guidance::linear(3), ordering::masked(64, 16));
  static_assert(
      std::is_same_v<
          std::remove_cv_t<decltype(given)>,
          sampler<ordering::masked<dynamic, dynamic>, annealing::linear<dynamic, dynamic>, guidance::linear<dynamic>>>);
  CHECK(given.guidance().guidance_scale() == 3);
  CHECK(given.ordering().ar_steps() == 16);
  CHECK(given.annealing().upper() == 20);
}

TEST_CASE("sampler: static policies make tables at compile time and an empty object") {
  static_assert(disa::tables_at_compile_time);
  static_assert(sizeof(disa) <= sizeof(void*));
  static_assert(std::is_trivially_copyable_v<disa>);
  // the scale of guidance is no part of the tables
  using run_time_scale = sampler<ordering::masked<256, 64>, annealing::linear<50, 5>, guidance::linear<>>;
  static_assert(run_time_scale::tables_at_compile_time);
  static_assert(sizeof(run_time_scale) <= 2 * sizeof(double));
}

TEST_CASE("sampler: one dynamic policy of those that enter makes tables at run time") {
  static_assert(!sampler<ordering::masked<dynamic, 64>>::tables_at_compile_time);
  static_assert(!sampler<ordering::masked<256, 64>, annealing::linear<dynamic, 5>>::tables_at_compile_time);
  static_assert(!sampler<ordering::masked<256, 64>, annealing::table<dynamic>>::tables_at_compile_time);
  static_assert(!sampler<ordering::masked<256, 64>, process::cosine<dynamic>>::tables_at_compile_time);
  static_assert(!sampler<ordering::masked<256, 64>, grid::clip<grid::respaced, dynamic>>::tables_at_compile_time);
  static_assert(!sampler<ordering::masked<256, 64>, solver::ddim<dynamic>>::tables_at_compile_time);
}
