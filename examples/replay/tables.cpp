// SPDX-License-Identifier: Apache-2.0
//
// Computes the tables with ardent's processes, grids, posterior, annealing, ordering and guidance.
#include "tables.hpp"

#include "float_schedule.hpp"
#include "policies.hpp"

#include "common/error.hpp"
#include "common/files/json.hpp"

#include <ardent/grid/clip.hpp>
#include <ardent/grid/ddim_stride.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/solver/posterior.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace examples::replay {

namespace {

int integer(ordered const& one, char const* key, int lowest, int highest, table_source const& from) {
  return static_cast<int>(integer_member(nlohmann::json(one), key, lowest, highest, from.file));
}

/// Timesteps, ascending, without what fell together.
std::vector<int> distinct(std::vector<int> timesteps) {
  timesteps.erase(std::unique(timesteps.begin(), timesteps.end()), timesteps.end());
  return timesteps;
}

/// The nodes of ascending timesteps, noisiest first, and the clean end.
std::vector<ardent::node> nodes_at(std::vector<int> const& timesteps, int train_timesteps) {
  const ardent::process::cosine<ardent::dynamic> process{train_timesteps};
  std::vector<double> table(static_cast<std::size_t>(process.table_size()));
  process.fill_table(table.data());
  std::vector<ardent::node> nodes;
  for (auto t = timesteps.rbegin(); t != timesteps.rend(); ++t) nodes.push_back(process.at(table.data(), *t));
  nodes.push_back(ardent::clean_node);
  return nodes;
}

/// The same nodes as published code has them: it goes by way of the betas, which costs digits at the noisy end.
std::vector<ardent::node> published_nodes(std::vector<ardent::node> nodes) {
  double product = 1;
  double above = 1;  // alphas_cumprod of the less noisy neighbour, before it was rounded
  for (std::size_t k = nodes.size() - 1; k-- > 0;) {
    const double beta = 1 - nodes[k].alphas_cumprod / above;
    above = nodes[k].alphas_cumprod;
    product *= 1 - beta;
    nodes[k] = ardent::variance_preserving_node(nodes[k].timestep, product);
  }
  return nodes;
}

/// f(k) for the steps of a grid from the least noisy one up, as the recordings list them.
template <class F>
ordered ascending(std::vector<ardent::node> const& nodes, F const& f) {
  ordered values = ordered::array();
  for (std::size_t k = nodes.size() - 1; k-- > 0;) values.push_back(f(k));
  return values;
}

void add_steps(ordered& out, std::vector<int> const& unclipped, std::vector<int> const& clipped) {
  const std::vector<int> kept = distinct(clipped);
  out["effective_steps"] = kept.size();
  out["duplicates_collapse"] = kept.size() < unclipped.size();
  out["timestep_map"] = kept;
}

void add_tables(ordered& out, std::vector<int> const& kept, int train_timesteps) {
  const std::vector<ardent::node> nodes = published_nodes(nodes_at(kept, train_timesteps));
  const auto posterior = [&](std::size_t k) { return ardent::posterior_between(nodes[k], nodes[k + 1]); };
  out["betas"] = ascending(nodes, [&](std::size_t k) { return posterior(k).beta; });
  out["alphas_cumprod"] = ascending(nodes, [&](std::size_t k) { return nodes[k].alphas_cumprod; });
  out["alphas_cumprod_prev"] = ascending(nodes, [&](std::size_t k) { return nodes[k + 1].alphas_cumprod; });
  out["posterior_mean_coef1"] = ascending(nodes, [&](std::size_t k) { return posterior(k).coef1; });
  out["posterior_mean_coef2"] = ascending(nodes, [&](std::size_t k) { return posterior(k).coef2; });
  out["posterior_variance"] = ascending(nodes, [&](std::size_t k) { return posterior(k).variance; });
  out["posterior_log_variance_clipped"] =
      ascending(nodes, [&](std::size_t k) { return ardent::clipped_log_variance(nodes.data(), static_cast<int>(k)); });
  out["log_betas"] = ascending(nodes, [&](std::size_t k) { return std::log(posterior(k).beta); });
  out["sqrt_recip_alphas_cumprod"] = ascending(nodes, [&](std::size_t k) { return 1 / nodes[k].alpha; });
  out["sqrt_recipm1_alphas_cumprod"] = ascending(nodes, [&](std::size_t k) { return nodes[k].sigma / nodes[k].alpha; });
}

template <class Grid>
std::vector<int> timesteps_of(Grid const& grid, int steps, int train_timesteps) {
  std::vector<int> timesteps(static_cast<std::size_t>(steps));
  grid.timesteps(steps, train_timesteps, timesteps.data());
  return timesteps;
}

}  // namespace

ordered respaced_table(ordered const& one, table_source const& from) {
  const int steps = integer(one, "K", 1, from.train_timesteps, from);
  const int clip = integer(one, "clip_timesteps", 0, 1 << 20, from);
  const std::vector<int> unclipped = timesteps_of(published_respaced{}, steps, from.train_timesteps);
  const std::vector<int> clipped =
      timesteps_of(ardent::grid::clip<published_respaced, ardent::dynamic>{clip}, steps, from.train_timesteps);
  ordered out{{"K", steps}, {"clip_timesteps", clip}};
  if (one.contains("sampler")) out["sampler"] = one.at("sampler");
  out["unclipped_timesteps"] = unclipped;
  add_steps(out, unclipped, clipped);
  add_tables(out, distinct(clipped), from.train_timesteps);
  return out;
}

ordered respaced_ddim_table(ordered const& one, table_source const& from) {
  using ardent::grid::ddim_stride;
  const int steps = integer(one, "K", 1, from.train_timesteps, from);
  const int clip = integer(one, "clip_timesteps", 0, 1 << 20, from);
  const std::vector<int> unclipped = timesteps_of(ddim_stride{}, steps, from.train_timesteps);
  const std::vector<int> clipped =
      timesteps_of(ardent::grid::clip<ddim_stride, ardent::dynamic>{clip}, steps, from.train_timesteps);
  ordered out{{"K", steps}, {"clip_timesteps", clip}, {"unclipped_timesteps", unclipped}};
  out["stride"] = ddim_stride::stride_for(steps, from.train_timesteps);
  add_steps(out, unclipped, clipped);
  add_tables(out, distinct(clipped), from.train_timesteps);
  return out;
}

ordered train_diffusion_table(ordered const& one, table_source const& from) {
  const std::vector<int> kept = distinct(
      timesteps_of(ardent::grid::clip<published_respaced, disa_clip>{}, from.train_timesteps, from.train_timesteps));
  ordered out = ordered::object();
  if (one.contains("note")) out["note"] = one.at("note");
  out["effective_steps"] = kept.size();
  out["first_timestep"] = kept.front();
  out["last_timestep"] = kept.back();
  const std::vector<ardent::node> nodes = nodes_at(kept, from.train_timesteps);
  out["betas"] =
      ascending(nodes, [&](std::size_t k) { return ardent::posterior_between(nodes[k], nodes[k + 1]).beta; });
  out["alphas_cumprod"] = ascending(nodes, [&](std::size_t k) { return nodes[k].alphas_cumprod; });
  return out;
}

ordered dpm_noise_schedule_table(ordered const& one, table_source const& from) {
  if (from.train_timesteps != train_timesteps)
    fail(from.file, "T = " + std::to_string(train_timesteps) + " for dpm_noise_schedule",
         std::to_string(from.train_timesteps));
  const dpm_process process;
  const float_schedule schedule;
  const auto doubles = [](std::vector<float> const& values) {
    return std::vector<double>(values.begin(), values.end());
  };
  ordered out = ordered::object();
  if (one.contains("note")) out["note"] = one.at("note");
  out["total_N"] = dpm_process::kept;
  out["T"] = process.start_time();
  out["t_0_default"] = process.end_time();
  out["t_array"] = doubles(schedule.times());
  out["log_alpha_array"] = doubles(schedule.log_alphas());
  return out;
}

ordered annealing_table(ordered const& one, table_source const& from) {
  const nlohmann::json numbers(one);
  const std::string strategy = string_member(numbers, "strategy", from.file);
  const int upper = integer(one, "upper", 1, 1 << 20, from), lower = integer(one, "lower", 1, 1 << 20, from);
  const int ar_steps = integer(one, "num_iter", 1, 1 << 20, from);
  return {{"strategy", strategy},
          {"upper", upper},
          {"lower", lower},
          {"num_iter", ar_steps},
          {"steps", annealed_steps(strategy, upper, lower, ar_steps, from.file)}};
}

ordered mar_ordering_table(ordered const& one, table_source const& from) {
  const int length = integer(one, "seq_len", 1, 1 << 20, from);
  const int ar_steps = integer(one, "num_iter", 1, length, from);
  const double cfg = number_member(nlohmann::json(one), "cfg", from.file);
  std::vector<ardent::ar_counts> counts(static_cast<std::size_t>(ar_steps));
  ardent::ordering::masked{length, ar_steps}.fill(counts.data());
  const ardent::guidance::linear<> linear{cfg};
  std::vector<int> mask_len, tokens;
  std::vector<double> scales;
  for (int i = 0; i < ar_steps; ++i) {
    ardent::ar_counts const& at = counts[static_cast<std::size_t>(i)];
    mask_len.push_back(at.unknown_after);
    tokens.push_back(at.tokens);
    scales.push_back(linear.scale({i, ar_steps, at.unknown_after, length}));
  }
  return {{"seq_len", length},
          {"num_iter", ar_steps},
          {"cfg", one.at("cfg")},
          {"mask_len", mask_len},
          {"tokens_predicted", tokens},
          {"cfg_iter_linear", scales},
          {"cfg_iter_constant", std::vector<double>(scales.size(), cfg)},
          {"min_tokens_predicted", *std::min_element(tokens.begin(), tokens.end())}};
}

}  // namespace examples::replay
