// SPDX-License-Identifier: Apache-2.0
//
// The flow samplers. `generate` hands out tokens of float; here the one trajectory is called by itself, for the state
// of double that it leaves in its memory.
#include "flow.hpp"

#include "any_solver.hpp"

#include "common/error.hpp"

#include <ardent/annealing/constant.hpp>
#include <ardent/denoiser/pointwise.hpp>
#include <ardent/grid/flowar.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/grid/xar.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/guidance/interval.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/flow_euler.hpp>
#include <ardent/solver/flow_euler_maruyama.hpp>
#include <ardent/trajectory.hpp>

#include <cmath>
#include <cstddef>
#include <new>

namespace examples::replay {

namespace {

/// v(x, t, c) = A x + b sin(3 t) + c in float: c is the condition.
struct velocity_field {
  [[maybe_unused]] static constexpr ardent::prediction predicted = ardent::prediction::velocity;
  float const* a = nullptr;  // [count][count]
  float const* b = nullptr;
  int count = 0;

  [[nodiscard]] int channels() const { return count; }
  [[nodiscard]] int outputs() const { return count; }
  [[nodiscard]] int condition_width() const { return count; }
  void operator()(float const* x, ardent::time_point const& time, float const* condition, float* output) const {
    const float wave = std::sin(3.0f * time.timestep);
    for (int i = 0; i < count; ++i) {
      float sum = 0;
      for (int j = 0; j < count; ++j) sum = std::fma(a[static_cast<std::ptrdiff_t>(i) * count + j], x[j], sum);
      const float product = b[i] * wave;  // as published: rounded before it is added
      output[i] = sum + product + condition[i];
    }
  }
};

/// Recorded noise: the start in float, the draws in double.
struct recorded_draws {
  float const* start;                               // [rows][channels]
  std::vector<std::vector<double>> const* of_step;  // [rows][channels] each, empty where there is none

  struct four {
    double value[4];
  };
  [[nodiscard]] four normal(ardent::noise_key const& key, int q) const {
    four out{};
    for (int i = 0; i < 4 && 4 * q + i < key.channels; ++i) {
      const auto place = static_cast<std::size_t>(key.row) * static_cast<std::size_t>(key.channels) +
                         static_cast<std::size_t>(4 * q + i);
      out.value[i] = key.domain == ardent::noise_domain::start ? static_cast<double>(start[place])
                                                               : (*of_step)[static_cast<std::size_t>(key.step)][place];
    }
    return out;
  }
};

/// A grid policy: one of the three grids, chosen at run time.
struct flow_grid {
  enum { flowar, xar, uniform } kind = uniform;

  [[nodiscard]] int most_nodes(int steps) const { return steps + 1; }
  template <ardent::continuous_process P>
  int nodes(int steps, P const& process, double const* table, ardent::node* out) const {
    switch (kind) {
      case flowar:
        return ardent::grid::flowar{}.nodes(steps, process, table, out);
      case xar:
        return ardent::grid::xar<>{}.nodes(steps, process, table, out);
      case uniform:
        break;
    }
    return ardent::grid::time_uniform{}.nodes(steps, process, table, out);
  }
};

using flow_guidance = ardent::guidance::interval<ardent::guidance::constant<>>;

/// FlowAR guides above a scale of 1 between two times, xAR everywhere.
flow_guidance read_guidance(nlohmann::json const& one, bool flowar, std::filesystem::path const& file) {
  const double scale = number_member(one, "cfg", file);
  if (flowar ? !(scale > 1) : scale == 1) return {ardent::guidance::constant{1.0}, 2, 2};  // there is no such time
  const ardent::guidance::constant guidance{scale};
  if (!flowar) return {guidance, 0, 1};
  const double low = one.contains("guidance_low") ? number_member(one, "guidance_low", file) : 0;
  return {guidance, low, number_member(one, "guidance_high", file)};
}

/// Draws all rows as one tile.
template <class Sampler>
std::vector<double> draw(Sampler const& sampler, ardent::executor::host const& executor, velocity_field const& field,
                         int rows, std::vector<float> const& conditions, recorded_draws const& random) {
  using row_type = typename Sampler::row_type;
  const ardent::denoiser::pointwise denoiser(field);
  const std::vector<std::uint32_t> images(static_cast<std::size_t>(rows), 0);
  const std::vector<int> positions(static_cast<std::size_t>(rows), 0);
  ardent::tile tile;
  tile.tokens = tile.total = rows;
  tile.branches = Sampler::branches;
  tile.conditions = conditions.data();
  tile.images = images.data();
  tile.positions = positions.data();
  const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(field.count);
  struct alignas(64) line {
    std::byte bytes[64];
  };
  std::vector<line> own(ardent::trajectory_state_bytes<row_type>(denoiser.channels(), rows) / sizeof(line) + 1);
  std::vector<float> output(count * static_cast<std::size_t>(Sampler::branches)), tokens(count);
  const auto table = sampler.rows(0);
  tile.steps = static_cast<int>(table.size());
  const ardent::ar_step_numbers numbers{sampler.guidance_scale(0), 1, 0, 0};
  executor.run_tiles(1, [&](auto& block, auto& grid, int, int) {
    ardent::trajectory<Sampler::branches>(block, grid, tile, table.data(), numbers, denoiser, random,
                                          {own.data(), output.data(), nullptr, nullptr}, tokens.data());
  });
  double const* const state = std::launder(reinterpret_cast<double const*>(own.data()));
  return {state, state + count};
}

/// Draw k of as many rows, or of twice as many: the first rows.
std::vector<double> read_draw(safetensors const& tensors, std::string const& name, std::vector<std::int64_t> shape) {
  const std::vector<std::int64_t> found = tensors.shape(name);
  const auto count = static_cast<std::size_t>(shape[0] * shape[1] * shape[2]);
  if (!found.empty() && found[0] == 2 * shape[0]) shape[0] *= 2;
  std::vector<double> values = tensors.doubles(name, shape);
  values.resize(count);
  return values;
}

}  // namespace

bool is_flow(std::string const& kind) {
  return kind == "flowar_euler" || kind == "flowar_em" || kind == "xar_euler" || kind == "xar_em";
}

std::vector<double> run_flow(recording const& from, request const& what, nlohmann::json const& one) {
  safetensors const& tensors = from.tensors;
  const std::string name = string_member(one, "name", from.file), kind = string_member(one, "kind", from.file);
  const bool flowar = kind.starts_with("flowar"), stochastic = kind.ends_with("_em");
  const std::vector<std::int64_t> shape = tensors.shape("flow.c_cond");  // images, tokens, channels
  if (shape.size() != 3 || shape[0] < 1 || shape[1] < 1 || shape[2] < 1 || shape[0] * shape[1] > 1 << 20)
    fail(tensors.path(), "flow.c_cond to be images x tokens x channels", std::to_string(shape.size()) + " dimensions");
  const std::int64_t channels = shape[2];
  const std::vector<float> a = tensors.floats("flow.A", {channels, channels}), b = tensors.floats("flow.b", {channels});
  std::vector<float> conditions = tensors.floats("flow.c_cond", shape);
  const std::vector<float> unconditional = tensors.floats("flow.c_uncond", shape);
  const std::size_t count = conditions.size();
  conditions.insert(conditions.end(), unconditional.begin(), unconditional.end());

  const int rows = static_cast<int>(shape[0] * shape[1]);
  const int steps = static_cast<int>(integer_member(one, "num_steps", 1, 1 << 20, from.file));
  const flow_grid grid{stochastic ? flow_grid::xar : flowar ? flow_grid::flowar : flow_grid::uniform};
  const any_solver solver =
      stochastic ? erased(ardent::solver::flow_euler_maruyama{}) : erased(ardent::solver::flow_euler{});
  const auto sampler =
      ardent::make_sampler(ardent::ordering::raster{rows, 1}, ardent::annealing::constant{steps},
                           ardent::process::flow_linear{}, grid, solver, read_guidance(one, flowar, from.file),
                           ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{});

  std::vector<float> start = recorded_rows(tensors, name + ".init", rows, channels);
  std::vector<std::vector<double>> draws;
  for (auto const& row : sampler.rows(0)) {
    const std::string draw = numbered(name + ".draw", static_cast<int>(draws.size()), 3);
    draws.push_back(row.noise != 0 ? read_draw(tensors, draw, shape) : std::vector<double>{});
  }
  start.resize(count);
  return draw(sampler, what.executor, {a.data(), b.data(), static_cast<int>(channels)}, rows, conditions,
              {start.data(), &draws});
}

}  // namespace examples::replay
