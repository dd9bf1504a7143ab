// SPDX-License-Identifier: Apache-2.0
//
// The tables of FlowAR and xAR: annealing over scales and cells, and the grids in the flow's time.
#include "tables.hpp"

#include "common/error.hpp"
#include "common/files/json.hpp"

#include <ardent/annealing/flowar.hpp>
#include <ardent/annealing/xar.hpp>
#include <ardent/grid/flowar.hpp>
#include <ardent/grid/xar.hpp>
#include <ardent/process/flow_linear.hpp>

#include <vector>

namespace examples::replay {

namespace {

int integer(ordered const& one, char const* key, int lowest, table_source const& from) {
  return static_cast<int>(integer_member(nlohmann::json(one), key, lowest, 1 << 20, from.file));
}

/// Steps and guidance scales over AR steps whose number is the member `key`.
template <class Annealing>
ordered annealed(ordered const& one, char const* key, table_source const& from) {
  const int ar_steps = integer(one, key, 1, from);
  const int upper = integer(one, "upper", 1, from), lower = integer(one, "lower", 1, from);
  const double cfg = number_member(nlohmann::json(one), "cfg", from.file);
  const Annealing annealing{upper, lower};
  std::vector<int> steps;
  std::vector<double> scales;
  for (int i = 0; i < ar_steps; ++i) {
    steps.push_back(annealing.steps(i, ar_steps));
    scales.push_back(ar_steps == 1 ? cfg : 1 + (cfg - 1) * i / (ar_steps - 1));
  }
  ordered out = ordered::object();
  if (one.contains("model")) out["model"] = one.at("model");
  out[key] = ar_steps;
  out["upper"] = upper;
  out["lower"] = lower;
  out["steps"] = steps;
  out["cfg"] = one.at("cfg");
  out["scaled_cfg"] = scales;
  return out;
}

/// A grid's times, its steps under the name `key`, and the integers that the network is told: the product is of floats.
template <class Grid>
ordered flow_grid(ordered const& one, Grid const& grid, char const* key, table_source const& from) {
  const int steps = integer(one, "num_steps", 1, from);
  std::vector<ardent::node> nodes(static_cast<std::size_t>(steps) + 1);
  const int taken = grid.nodes(steps, ardent::process::flow_linear{}, nullptr, nodes.data());
  std::vector<double> times;
  std::vector<int> told;
  for (int k = 0; k <= taken; ++k) {
    const double t = nodes[static_cast<std::size_t>(k)].time;
    times.push_back(t);
    if (k < taken) told.push_back(static_cast<int>(static_cast<float>(t) * 1000.0f));
  }
  return {{"num_steps", steps}, {"t_steps", times}, {key, taken}, {"long_t1000_float32", told}};
}

}  // namespace

ordered annealing_flowar_table(ordered const& one, table_source const& from) {
  return annealed<ardent::annealing::flowar<ardent::dynamic, ardent::dynamic>>(one, "scales", from);
}

ordered annealing_xar_table(ordered const& one, table_source const& from) {
  return annealed<ardent::annealing::xar<ardent::dynamic, ardent::dynamic>>(one, "cells", from);
}

ordered flowar_grid_table(ordered const& one, table_source const& from) {
  return flow_grid(one, ardent::grid::flowar{}, "euler_steps", from);
}

ordered xar_grid_table(ordered const& one, table_source const& from) {
  return flow_grid(one, ardent::grid::xar<>{}, "model_calls", from);
}

}  // namespace examples::replay
