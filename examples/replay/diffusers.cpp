// SPDX-License-Identifier: Apache-2.0
//
// From the configuration of a diffusers scheduler to ardent's policies.
#include "diffusers.hpp"

#include "common/error.hpp"
#include "common/files/json.hpp"

#include <ardent/grid/leading.hpp>
#include <ardent/grid/trailing.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/process/linear_between.hpp>
#include <ardent/process/scaled_linear.hpp>
#include <ardent/solver/ddim.hpp>
#include <ardent/solver/ddpm.hpp>

#include <array>
#include <utility>

namespace examples::replay {

namespace {

using json = nlohmann::json;
namespace fs = std::filesystem;

/// Options that have to have these values if they are there: nothing else is built.
bool plain(json const& config) {
  const std::array<std::pair<char const*, json>, 13> expected{{{"prediction_type", "epsilon"},
                                                               {"trained_betas", nullptr},
                                                               {"thresholding", false},
                                                               {"clip_sample", false},
                                                               {"rescale_betas_zero_snr", false},
                                                               {"euler_at_final", false},
                                                               {"use_exponential_sigmas", false},
                                                               {"use_beta_sigmas", false},
                                                               {"use_lu_lambdas", false},
                                                               {"use_flow_sigmas", false},
                                                               {"use_dynamic_shifting", false},
                                                               {"lambda_min_clipped", "-inf"},
                                                               {"flow_shift", 1.0}}};
  for (auto const& [key, value] : expected)
    if (config.contains(key) && config.at(key) != value) return false;
  return true;
}

template <class Process>
std::vector<double> table_of(Process const& process) {
  std::vector<double> table(static_cast<std::size_t>(process.table_size()));
  process.fill_table(table.data());
  return table;
}

/// alphas_cumprod, or nothing for another schedule.
std::vector<double> read_process(json const& config, fs::path const& file) {
  const int total = static_cast<int>(integer_member(config, "num_train_timesteps", 2, 100000, file));
  const std::string schedule = string_member(config, "beta_schedule", file);
  if (schedule == "squaredcos_cap_v2") return table_of(ardent::process::cosine{total});
  if (schedule != "linear" && schedule != "scaled_linear") return {};
  const double start = number_member(config, "beta_start", file), end = number_member(config, "beta_end", file);
  if (schedule == "linear") return table_of(ardent::process::linear_between{total, start, end});
  return table_of(ardent::process::scaled_linear{total, start, end});
}

/// False for a spacing of another name.
bool read_spacing(json const& config, fs::path const& file, diffusers_plan& plan) {
  const std::string name = string_member(config, "timestep_spacing", file);
  const std::array<std::pair<char const*, timestep_spacing>, 3> known{{{"leading", timestep_spacing::leading},
                                                                       {"linspace", timestep_spacing::linspace},
                                                                       {"trailing", timestep_spacing::trailing}}};
  for (auto const& [text, value] : known)
    if (name == text) {
      plan.spacing = value;
      if (config.contains("steps_offset"))
        plan.offset = static_cast<int>(integer_member(config, "steps_offset", 0, 100000, file));
      return true;
    }
  return false;
}

/// The least noisy timestep of DDIM's and DDPM's grid.
int last_timestep(diffusers_plan const& plan, int steps) {
  if (plan.spacing == timestep_spacing::leading) return plan.offset;
  const int total = static_cast<int>(plan.alphas_cumprod.size());
  if (plan.spacing == timestep_spacing::linspace) return steps == 1 ? total - 1 : 0;
  std::vector<int> timesteps(static_cast<std::size_t>(steps));
  ardent::grid::trailing{}.timesteps(steps, total, timesteps.data());
  return timesteps.front();
}

/// DDIM as diffusers has it: a step goes floor(T / K) training steps on, wherever the next evaluation is.
any_solver strided_ddim(std::vector<double> const& alphas_cumprod, int steps, double eta) {
  const int stride = static_cast<int>(alphas_cumprod.size()) / steps;
  const ardent::solver::ddim<ardent::dynamic> ddim{eta};
  return any_solver([=](ardent::node const* nodes, int n, int k, ardent::prediction from) {
    const int next = static_cast<int>(nodes[k].timestep) - stride;
    const ardent::node pair[] = {
        nodes[k],
        next < 0 ? nodes[n] : ardent::variance_preserving_node(next, alphas_cumprod[static_cast<std::size_t>(next)])};
    return ardent::with_history<any_solver::history>(ddim.row(pair, 1, 0, from));
  });
}

bool read_ddim(json const& one, json const& config, int steps, fs::path const& file, diffusers_plan& plan) {
  json const& arguments = one.contains("step_kwargs") ? one.at("step_kwargs") : json::object();
  for (auto const& [key, value] : arguments.items())
    if (key != "eta") return false;
  plan.ends_at_first = !boolean_member(config, "set_alpha_to_one", file);
  if (plan.ends_at_first && last_timestep(plan, steps) == 0) return false;  // a last step from 0 to 0
  plan.solver =
      strided_ddim(plan.alphas_cumprod, steps, arguments.contains("eta") ? number_member(arguments, "eta", file) : 0);
  return true;
}

bool read_ddpm(json const& config, int steps, fs::path const& file, diffusers_plan& plan) {
  const std::string variance = string_member(config, "variance_type", file);
  if (variance == "fixed_small") {
    plan.solver = erased(ardent::solver::ddpm<ardent::variance::fixed_small>{});
    return true;
  }
  // unless it is at timestep 0, diffusers adds noise in the last step
  if (variance != "fixed_large" || last_timestep(plan, steps) != 0) return false;
  plan.solver = erased(ardent::solver::ddpm<ardent::variance::fixed_large>{});
  return true;
}

bool read_multistep(json const& config, fs::path const& file, diffusers_plan& plan) {
  plan.multistep = true;
  if (config.contains("variance_type") && !config.at("variance_type").is_null()) return false;
  plan.karras = boolean_member(config, "use_karras_sigmas", file);
  plan.rounds = config.at("beta_schedule") != "squaredcos_cap_v2";
  const std::string end = string_member(config, "final_sigmas_type", file);
  if (end != "zero" && end != "sigma_min") return false;
  plan.ends_at_first = end == "sigma_min";
  if (plan.karras && plan.ends_at_first) return false;  // a last step from sigma_min to sigma_min
  multistep_choice choice;
  const std::string kind = string_member(config, "algorithm_type", file);
  if (kind == "dpmsolver")
    choice.kind = multistep_kind::noise;
  else if (kind == "dpmsolver++")
    choice.kind = multistep_kind::data;
  else if (kind == "sde-dpmsolver++")
    choice.kind = multistep_kind::sde;
  else
    return false;
  choice.order = static_cast<int>(integer_member(config, "solver_order", 1, 3, file));
  if (choice.kind == multistep_kind::sde && choice.order == 3) return false;
  const std::string form = string_member(config, "solver_type", file);
  if (form != "midpoint" && form != "heun") return false;
  choice.heun = form == "heun";
  choice.final_order_below = boolean_member(config, "lower_order_final", file) ? 15 : ardent::never;
  plan.solver = multistep_solver(choice);
  return true;
}

}  // namespace

std::optional<diffusers_plan> read_diffusers(json const& one, int steps, fs::path const& file) {
  json config = member(one, one.contains("full_config") ? "full_config" : "config", file);
  const std::string scheduler = string_member(one, "scheduler", file);
  diffusers_plan plan;
  if (!plain(config)) return std::nullopt;
  plan.alphas_cumprod = read_process(config, file);
  if (plan.alphas_cumprod.empty() || !read_spacing(config, file, plan)) return std::nullopt;
  bool built = false;
  if (scheduler == "DDIMScheduler") built = read_ddim(one, config, steps, file, plan);
  if (scheduler == "DDPMScheduler") built = read_ddpm(config, steps, file, plan);
  if (scheduler == "DPMSolverMultistepScheduler") built = read_multistep(config, file, plan);
  return built ? std::optional(std::move(plan)) : std::nullopt;
}

}  // namespace examples::replay
