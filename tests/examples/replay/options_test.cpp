// SPDX-License-Identifier: Apache-2.0
//
// The replay program on cases whose options were changed: each option matters, and one that is not built is named.
#include "recordings.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <utility>

namespace {

using namespace recordings;

TEST_CASE("replay: what is not built is named, not computed wrongly") {
  if (!have_program()) return;
  nlohmann::json const document = examples::read_json(file("trajectories.json"));
  std::string name;
  for (nlohmann::json const& one : document.at("cases"))
    if (one.value("scheduler", "") == "DPMSolverMultistepScheduler") name = one.at("name");
  REQUIRE(!name.empty());
  std::vector<std::pair<char const*, nlohmann::json>> const options{{"prediction_type", "v_prediction"},
                                                                    {"use_lu_lambdas", true},
                                                                    {"thresholding", true},
                                                                    {"euler_at_final", true},
                                                                    {"beta_schedule", "sigmoid"},
                                                                    {"algorithm_type", "sde-dpmsolver"},
                                                                    {"timestep_spacing", "random"},
                                                                    {"rescale_betas_zero_snr", true}};
  for (auto const& [key, value] : options) {
    test::temporary_folder const folder;
    std::string const copy = copy_changed(folder, "trajectories", [&](nlohmann::json& changed) {
      case_of(changed, name).at("full_config")[key] = value;
    });
    test::outcome const run = replay({copy, name});
    INFO(key << "\n" << run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(run.output.starts_with(name + ": not replayed, it asks for an option that is not built\n"));
  }
}

TEST_CASE("replay: wrong options of solvers and grids fail") {
  if (!have_program()) return;
  auto const fails = [](std::string const& name, std::function<void(nlohmann::json&)> const& change) {
    test::temporary_folder const folder;
    std::string const copy =
        copy_changed(folder, "trajectories", [&](nlohmann::json& document) { change(case_of(document, name)); });
    test::outcome const run = replay({copy, name});
    INFO(name << "\n" << run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(count(run.output, "too large") == 1);
  };
  auto const option = [](char const* key, nlohmann::json const& value) {
    return [=](nlohmann::json& one) { one.at("full_config")[key] = value; };
  };
  auto const number = [](char const* key, nlohmann::json const& value) {
    return [=](nlohmann::json& one) { one[key] = value; };
  };
  fails("diffusers_dpmpp_o2_midpoint_K10", option("solver_type", "heun"));
  fails("diffusers_dpmpp_o3_K10", option("lower_order_final", false));
  fails("diffusers_dpmpp_o2_midpoint_K20", option("timestep_spacing", "trailing"));
  fails("diffusers_dpmpp_o2_midpoint_karras_K20", option("use_karras_sigmas", false));
  fails("diffusers_ddim_eta0_K20", option("steps_offset", 2));
  fails("diffusers_ddpm_fixed_large_K20", option("variance_type", "fixed_small"));
  fails("diffusers_dpm_o2_midpoint_K20", option("beta_end", 0.01201));
  fails("dpm_o3_logSNR_K12", number("skip_type", "time_quadratic"));
  fails("dpmpp_o3_time_uniform_K6", number("lower_order_final", false));
  fails("dpmpp_o2_logSNR_K12", number("solver_type", "taylor"));
  fails("flowar_euler_n20_cfg3.0_gh0.9", number("guidance_high", 0.8));
  fails("flowar_em_n20_cfg3.0_gh0.9", number("cfg", 3.003));
  fails("xar_em_n27_cfg2.5", number("cfg", 1.0));
}

}  // namespace
