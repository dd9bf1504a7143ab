// SPDX-License-Identifier: Apache-2.0
//
// Measurements as JSON and as a table.
#include <cstdio>

#include "measurements.hpp"

namespace examples::profile {

nlohmann::json to_json(measurements const& all) {
  settings const& how = all.how;
  nlohmann::json rows = nlohmann::json::array();
  for (ar_step_row const& row : all.rows) {
    const auto variance = [](variance_row const& v) {
      return nlohmann::json{{"share", v.share},
                            {"variance", v.variance},
                            {"background_variance", v.background},
                            {"rows", v.rows},
                            {"background_rows", v.background_rows}};
    };
    const auto straight = [](straightness_row const& s) {
      return nlohmann::json{{"score", s.score}, {"velocity", s.velocity}};
    };
    nlohmann::json one{{"ar_step", row.ar_step},
                       {"tokens", row.tokens},
                       {"known", row.known},
                       {"variance_generated", variance(row.generated)},
                       {"straightness_ode", straight(row.ode)},
                       {"straightness_own", straight(row.own)},
                       {"sensitivity", row.sensitivity},
                       {"timed_steps", row.timed_steps},
                       {"head_seconds", row.head_seconds},
                       {"backbone_seconds", row.backbone_seconds}};
    if (row.real) one["variance_real"] = variance(*row.real);
    if (row.predictability) one["predictability"] = *row.predictability;
    one["errors"] = nlohmann::json::array();
    for (error_row const& e : row.errors)
      one["errors"].push_back(
          {{"steps", e.steps}, {"energy_distance", e.energy}, {"mean", e.mean}, {"variance", e.variance}});
    if (!row.errors.empty()) one["energy_distance_floor"] = row.floor;
    one["halving"] = nlohmann::json::array();
    for (halving_row const& h : row.halving) one["halving"].push_back({{"steps", h.steps}, {"distance", h.distance}});
    rows.push_back(one);
  }
  return {{"system", all.system},
          {"model", all.model},
          {"prefixes", all.prefixes},
          {"predictability_of", all.prediction},
          {"guidance_scale", all.guidance_scale},
          {"images", how.images},
          {"draws", how.draws},
          {"steps", how.steps},
          {"error_images", how.error_images},
          {"error_draws", how.error_draws},
          {"reference_steps", how.reference_steps},
          {"pairs", how.pairs},
          {"seed", how.seed},
          {"ar_steps", rows}};
}

void print_table(measurements const& all) {
  const bool real = !all.rows.empty() && all.rows.front().real, stochastic = !all.rows.front().errors.empty();
  std::printf("token variance as a share of the marginal one; straightness: cosine of u and the whole way\n\n");
  std::printf(
      "| AR step | tokens | known |%s variance, own | score, ODE | velocity, ODE | score, own | velocity, own |%s",
      real ? " variance, real |" : "", real ? " R^2 |" : "");
  for (halving_row const& h : all.rows.front().halving) std::printf(" %d/2K |", h.steps);
  if (stochastic) {
    for (error_row const& e : all.rows.front().errors) std::printf(" energy %d |", e.steps);
    std::printf(" floor |");
  }
  std::printf(" sensitivity | head s | backbone s |\n|");
  std::size_t columns = 11 + (real ? 2 : 0) + all.rows.front().halving.size();
  if (stochastic) columns += all.rows.front().errors.size() + 1;
  for (std::size_t i = 0; i < columns; ++i) std::printf("---|");
  std::printf("\n");
  for (ar_step_row const& row : all.rows) {
    std::printf("| %d | %d | %d |", row.ar_step, row.tokens, row.known);
    if (row.real) std::printf(" %.3f |", row.real->share);
    std::printf(" %.3f | %.3f | %.3f | %.3f | %.3f |", row.generated.share, row.ode.score, row.ode.velocity,
                row.own.score, row.own.velocity);
    if (row.predictability) std::printf(" %.3f |", *row.predictability);
    for (halving_row const& h : row.halving) std::printf(" %.4f |", h.distance);
    for (error_row const& e : row.errors) std::printf(" %.5f |", e.energy);
    if (stochastic) std::printf(" %.5f |", row.floor);
    std::printf(" %.2f | %.2f | %.2f |\n", row.sensitivity, row.head_seconds, row.backbone_seconds);
  }
}

}  // namespace examples::profile
