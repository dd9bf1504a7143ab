// SPDX-License-Identifier: Apache-2.0
//
// docs/support_matrix.md, generated: which solver goes with which process and network. A cell that the sampler's checks
// let through must also give a table of finite numbers. ARDENT_UPDATE=1 in the environment writes the file anew.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "support/environment.hpp"

namespace {

using namespace ardent;

template <class P>
std::vector<node> nodes_of(P const& process, auto const& grid, int steps) {
  std::vector<double> table(static_cast<std::size_t>(process.table_size()) + 1);
  process.fill_table(table.data());
  std::vector<node> nodes(static_cast<std::size_t>(detail::most_nodes(grid, steps)));
  std::vector<int> scratch(static_cast<std::size_t>(steps) + 1);
  const int count = detail::fill_nodes(grid, process, table.data(), steps, scratch.data(), nodes.data());
  nodes.resize(static_cast<std::size_t>(count) + 1);
  return nodes;
}

/// True if every coefficient of every row is a number.
template <class S>
bool finite_rows(S const& solver, std::vector<node> const& nodes, prediction from) {
  const int n = static_cast<int>(nodes.size()) - 1;
  for (int k = 0; k < detail::evaluations(solver, nodes.data(), n); ++k) {
    auto const r = solver.row(nodes.data(), n, k, from);
    double sum = r.of_x + r.of_output + r.noise + r.half_log_variance_min + r.half_log_variance_max;
    for (auto const& row : r.slot)
      for (double const c : row) sum += c;
    for (auto const& row : r.model)
      for (double const c : row) sum += c;
    if (!std::isfinite(sum)) return false;
  }
  return true;
}

/// What a reader finds in a cell.
template <class S, class P>
std::string cell(prediction from) {
  if (!detail::path_fits<S, P>) return "wrong process";
  if (from == prediction::velocity && P::path == path_kind::variance_preserving) return "no velocity";
  if constexpr (detail::path_fits<S, P>) {
    if constexpr (P::discrete_time) {
      if constexpr (requires { S::parts; }) return "no inner nodes";
      if (finite_rows(S{}, nodes_of(P{}, grid::respaced{}, 6), from)) return "yes";
      return finite_rows(S{}, nodes_of(P{}, grid::clip<grid::respaced, 950>{}, 6), from) ? "not from noise"
                                                                                         : "not finite";
    } else {
      constexpr int parts = [] {
        if constexpr (requires { S::parts; })
          return S::parts;
        else
          return 1;
      }();
      if constexpr (parts == 1) {
        if (finite_rows(S{}, nodes_of(P{}, grid::time_uniform{}, 6), from)) return "yes";
        return finite_rows(S{}, nodes_of(P{}, grid::between<grid::time_uniform, 0.9, 0.1>{}, 6), from)
                   ? "not from noise"
                   : "not finite";
      } else {
        using inner = grid::subdivided<grid::between<grid::time_uniform, 0.9, 0.1>, parts>;
        return finite_rows(S{}, nodes_of(P{}, inner{}, 6), from) ? "subdivided" : "not finite";
      }
    }
  }
  return "";
}

/// The cells of four networks, as one if they are alike.
template <class S, class P>
std::string cells() {
  std::vector<std::string> each;
  for (prediction const from : {prediction::epsilon, prediction::x0, prediction::v, prediction::velocity})
    each.push_back(cell<S, P>(from));
  const bool alike = each[0] == each[1] && each[1] == each[2] && each[2] == each[3];
  return alike ? each[0] : each[0] + ", " + each[1] + ", " + each[2] + ", " + each[3];
}

/// Processes that share a column must be alike.
template <class S, class First, class... Others>
void add_column(std::ostream& out, std::string const& name) {
  const std::string first = cells<S, First>();
  INFO(name);
  [[maybe_unused]] const auto alike = [&](std::string const& other) { CHECK(first == other); };
  (alike(cells<S, Others>()), ...);
  out << ' ' << first << " |";
}

template <class S>
void add_solver(std::ostream& out, std::string const& name) {
  out << "| `" << name << "` |";
  add_column<S, process::cosine<>, process::linear<>, process::linear_between<>, process::scaled_linear<>,
             process::sigmoid<>>(out, name);
  add_column<S, process::zero_terminal_snr<process::scaled_linear<>>, process::zero_terminal_snr<process::linear<>>>(
      out, name);
  add_column<S, process::piecewise_log_alpha<process::cosine<>, 951>,
             process::piecewise_log_alpha<process::linear<>, 1000>>(out, name);
  add_column<S, process::cosine_continuous, process::linear_continuous<>>(out, name);
  add_column<S, process::flow_linear>(out, name);
  add_column<S, process::flow_cosine>(out, name);
  out << '\n';
}

template <class O>
void add_ordering(std::ostream& out, std::string const& name) {
  out << "| `" << name << "` | "
      << (placed_ordering<O> ? "in an order of its own, the same for all images"
          : O::permuted      ? "in a random order of each image"
                             : "in raster order")
      << " | yes | " << (placed_ordering<O> ? "no" : "yes") << " |\n";
}

std::string matrix() {
  std::ostringstream out;
  out << R"(# Solver x process x prediction

Generated by `tests/sampler/support_matrix_test.cpp`, which also checks that each `yes` gives finite tables. A
cell with four entries is for networks that predict epsilon, x0, v, velocity; one entry holds for all four.

- `not from noise`: from pure noise it does not compile: "the grid starts in pure noise, where an epsilon network
  says nothing about x0 and log(alpha / sigma) is infinite". It does from less (`grid::between`, `grid::clip`).
- `subdivided`: on `grid::subdivided`, which has the inner nodes that the solver needs.
- `wrong process`: does not compile: "the solver does not fit the noise process".
- `no velocity`: does not compile: "the denoiser predicts a velocity, but the process has no real time".
- `no inner nodes`: does not compile: "the grid's inner nodes do not fit the solver".
- `not finite`: has a coefficient that is not finite, which is refused when the tables are made.

Over training steps: `cosine`, `linear`, `linear_between`, `scaled_linear`, `sigmoid`, and `betas` of your own.

| solver | over training steps | `zero_terminal_snr` | `piecewise_log_alpha` | `cosine_continuous`, `linear_continuous` |)"
         " `flow_linear` | `flow_cosine` |\n|---|---|---|---|---|---|---|\n";
  add_solver<solver::ddpm<>>(out, "ddpm<learned_range>");
  add_solver<solver::ddpm<variance::learned>>(out, "ddpm<learned>");
  add_solver<solver::ddpm<variance::fixed_small>>(out, "ddpm<fixed_small>");
  add_solver<solver::ddpm<variance::fixed_large>>(out, "ddpm<fixed_large>");
  add_solver<solver::ddpm_with_last_noise<variance::fixed_small>>(out, "ddpm_with_last_noise<fixed_small>");
  add_solver<solver::ddim<>>(out, "ddim<0>");
  add_solver<solver::ddim<1>>(out, "ddim<1>");
  add_solver<solver::dpm_solver<1>>(out, "dpm_solver<1>");
  add_solver<solver::dpm_solver<2>>(out, "dpm_solver<2>");
  add_solver<solver::dpm_solver<2, multistep_form::heun>>(out, "dpm_solver<2, heun>");
  add_solver<solver::dpm_solver<3>>(out, "dpm_solver<3>");
  add_solver<solver::dpm_solver_3_published<>>(out, "dpm_solver_3_published");
  add_solver<solver::dpm_solver_pp<1>>(out, "dpm_solver_pp<1>");
  add_solver<solver::dpm_solver_pp<2>>(out, "dpm_solver_pp<2>");
  add_solver<solver::dpm_solver_pp<2, multistep_form::heun>>(out, "dpm_solver_pp<2, heun>");
  add_solver<solver::dpm_solver_pp<3>>(out, "dpm_solver_pp<3>");
  add_solver<solver::dpm_solver_pp_3_published<>>(out, "dpm_solver_pp_3_published");
  add_solver<solver::sde_dpm_solver_pp<1>>(out, "sde_dpm_solver_pp<1>");
  add_solver<solver::sde_dpm_solver_pp<2>>(out, "sde_dpm_solver_pp<2>");
  add_solver<solver::unipc_2<>>(out, "unipc_2");
  add_solver<solver::singlestep_2>(out, "singlestep_2");
  add_solver<solver::singlestep_3>(out, "singlestep_3");
  add_solver<solver::flow_euler>(out, "flow_euler");
  add_solver<solver::flow_ab2>(out, "flow_ab2");
  add_solver<solver::flow_heun>(out, "flow_heun");
  add_solver<solver::flow_euler_maruyama>(out, "flow_euler_maruyama");
  add_solver<solver::shortcut>(out, "shortcut");
  out << R"(
## Orderings

| ordering | tokens come | `generate`, `generate_batched` | `cuda::generation` |
|---|---|---|---|
)";
  add_ordering<ordering::raster<64, 4>>(out, "raster");
  add_ordering<ordering::random<64, 4>>(out, "random");
  add_ordering<ordering::masked<64, 4>>(out, "masked");
  add_ordering<ordering::next_cell<8, 8, 4, 4>>(out, "next_cell");
  add_ordering<ordering::next_scale<1, 2, 4>>(out, "next_scale");
  add_ordering<ordering::next_frequency<4, 0, 2>>(out, "next_frequency");
  out << R"(
- `no`: does not compile: "the ordering has positions of its own, which are made on the host only".
)";
  return out.str();
}

}  // namespace

TEST_CASE("docs/support_matrix.md is what the library does") {
  auto const file = test::data("../../docs/support_matrix.md");
  std::string const made = matrix();
  if (std::getenv("ARDENT_UPDATE") != nullptr) std::ofstream(file) << made;
  std::ifstream in(file);
  std::string const written{std::istreambuf_iterator<char>(in), {}};
  CHECK(written == made);
}
