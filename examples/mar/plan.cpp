// SPDX-License-Identifier: Apache-2.0
//
// From words to policies.
#include "plan.hpp"

#include <string_view>

#include "common/error.hpp"

namespace examples::mar {
namespace {

namespace solver = ardent::solver;
using ardent::dynamic;
using ardent::variance;

std::string in_quotes(std::string_view text) { return "\"" + printable(text, 60) + "\""; }

}  // namespace

std::variant<learned_ddpm, plain_solver> make_solver(solver_words const& words) {
  bool const ddpm = words.solver == "ddpm", ddim = words.solver == "ddim";
  if (!ddpm && words.temperature != 1.0) fail("--temperature", "--solver ddpm with it", in_quotes(words.solver));
  if (!ddpm && words.variance != "learned") fail("--variance", "--solver ddpm with it", in_quotes(words.solver));
  if (!ddim && words.eta != 0.0) fail("--eta", "--solver ddim with it", in_quotes(words.solver));

  if (ddpm && words.variance == "learned") return learned_ddpm();
  if (ddpm && words.variance == "small") {
    return plain_solver(solver::ddpm<variance::fixed_small>());
  }
  if (ddpm && words.variance == "large") {
    return plain_solver(solver::ddpm<variance::fixed_large>());
  }
  if (ddpm) fail("--variance", "learned, small or large", in_quotes(words.variance));
  if (ddim) return plain_solver(solver::ddim<dynamic>(words.eta));
  if (words.solver == "dpm-solver") return plain_solver(solver::dpm_solver_1{});
  if (words.solver == "dpm-solver++") return plain_solver(solver::dpm_solver_pp_1{});
  if (words.solver == "dpm-solver++2m") return plain_solver(plain_solver::dpm_solver_pp_2m{});
  fail("--solver", "ddpm, ddim, dpm-solver, dpm-solver++ or dpm-solver++2m", in_quotes(words.solver));
}

std::optional<chosen_guidance> make_guidance(std::string const& name, double scale) {
  if (name == "none") return std::nullopt;
  if (name == "linear") return chosen_guidance(ardent::guidance::linear<dynamic>(scale));
  if (name == "constant") return chosen_guidance(ardent::guidance::constant<dynamic>(scale));
  fail("--guidance", "none, constant or linear", in_quotes(name));
}

}  // namespace examples::mar
