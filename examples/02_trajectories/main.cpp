// SPDX-License-Identifier: Apache-2.0
//
// trajectories: the same starting noise led to tokens by six solvers, ten evaluations each. Tokens have two numbers and
// come from a mixture of three Gaussians, so that the way of each can be drawn and its end checked.
// An argument is the picture's name, a PNG.
#include <ardent/ardent.hpp>
#include <ardent/diagnostics/trajectory_record.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <vector>

#include "common/pictures/chart.hpp"
#include "common/pictures/picture.hpp"
#include "common/program/program.hpp"

namespace {

using namespace ardent;
using examples::chart;
using examples::point;

constexpr int tokens = 4000, drawn = 40, components = 3;
constexpr std::array<float, components> weights = {0.5f, 0.3f, 0.2f};
constexpr std::array<float, 2 * components> means = {-1.2f, -0.6f, 1.1f, -0.9f, 0.2f, 1.2f};
constexpr std::array<float, components> deviations = {0.25f, 0.2f, 0.3f};

// One token an image: the ordering has nothing to do here. Process, grid and solver are what differs.
template <class... Policies>
using ten_steps = sampler<ordering::raster<1>, annealing::constant<10>, process::cosine_continuous,
                          grid::between<grid::logsnr_uniform, 0.95, 0.01>, Policies...>;

// Flow solvers need a velocity. The mixture still predicts epsilon: the rows convert it. They cannot start in pure
// noise, where epsilon says nothing about the token; hence the start at 0.98.
template <class Solver, int Steps>
using flow = sampler<ordering::raster<1>, annealing::constant<Steps>, process::flow_linear,
                     grid::between<grid::time_uniform, 0.98, 0>, Solver>;

struct drawing {
  char const* name;
  int evaluations;
  std::vector<float> ends;               // [tokens][2]
  std::vector<std::vector<point>> ways;  // of the first tokens
};

// A model of one token whose denoiser writes down where it is asked.
auto watched(diagnostics::trajectory_view view) {
  const denoiser::gaussian_mixture mixture(2, components, weights.data(), means.data(), deviations.data());
  return unconditional_model(diagnostics::recorded(mixture, view), 1);
}

template <class Sampler>
drawing draw(Sampler const& sampler, char const* name) {
  drawing d{name, sampler.nfe(), std::vector<float>(2 * tokens), {}};
  diagnostics::trajectory_record record(sampler.nfe(), tokens, 2, 1);
  auto model = watched(record.view());
  generate(sampler, model, executor::host{}, random::philox{1}, {tokens}, d.ends);
  for (int t = 0; t < drawn; ++t) {
    std::vector<point> way;
    for (int k = 0; k < record.steps(); ++k) way.push_back({record.x(k, t)[0], record.x(k, t)[1]});
    way.push_back({d.ends[2 * static_cast<std::size_t>(t)], d.ends[2 * static_cast<std::size_t>(t) + 1]});
    d.ways.push_back(way);
  }
  return d;
}

std::array<double, 4> moments_of(std::span<float const> ends) {
  std::array<double, 4> m{};  // mean, mean, then standard deviations
  for (std::size_t i = 0; i < ends.size(); ++i) m[i % 2] += double{ends[i]} / tokens;
  for (std::size_t i = 0; i < ends.size(); ++i) m[2 + i % 2] += std::pow(ends[i] - m[i % 2], 2) / tokens;
  return {m[0], m[1], std::sqrt(m[2]), std::sqrt(m[3])};
}

std::array<double, 4> true_moments() {
  std::array<double, 4> m{};
  for (std::size_t i = 0; i < components; ++i)
    for (std::size_t c = 0; c < 2; ++c) {
      m[c] += double{weights[i]} * means[2 * i + c];
      m[2 + c] += weights[i] * (std::pow(means[2 * i + c], 2) + std::pow(deviations[i], 2));
    }
  return {m[0], m[1], std::sqrt(m[2] - m[0] * m[0]), std::sqrt(m[3] - m[1] * m[1])};
}

void print(char const* name, std::array<double, 4> const& m, int evaluations) {
  std::printf("%-16s mean (%6.3f, %6.3f), standard deviation (%.3f, %.3f)", name, m[0], m[1], m[2], m[3]);
  if (evaluations > 0) std::printf(", %d evaluations", evaluations);
  std::printf("\n");
}

examples::picture picture_of(std::vector<drawing> const& drawings) {
  constexpr int columns = 3, side = 300, gap = 10, text = 30;
  int const rows = (static_cast<int>(drawings.size()) + columns - 1) / columns;
  examples::picture canvas(columns * (side + gap) + gap, rows * (side + gap + text) + gap, 3);
  for (std::size_t i = 0; i < drawings.size(); ++i) {
    drawing const& d = drawings[i];
    int const x = gap + static_cast<int>(i) % columns * (side + gap);
    int const y = gap + static_cast<int>(i) / columns * (side + gap + text);
    examples::draw_coloured_text(canvas, x, y, d.name, 2, {0, 0, 0});
    chart c(canvas, {x, y + text, side, side}, {-3, 3, -3, 3});
    for (std::size_t t = 0; t < tokens; t += 2) c.dot({d.ends[2 * t], d.ends[2 * t + 1]}, {200, 215, 235}, 1);
    for (std::vector<point> const& way : d.ways) {
      c.line(way, {120, 120, 120}, 1);
      for (point const& p : way) c.dot(p, {120, 120, 120}, 1);
      c.dot(way.front(), {220, 120, 20}, 2);
      c.dot(way.back(), {20, 60, 160}, 2);
    }
    c.frame({160, 160, 160});
  }
  return canvas;
}

int run(char const* out) {
  std::vector<drawing> drawings;
  drawings.push_back(draw(ten_steps<solver::ddpm<variance::fixed_large>>{}, "ddpm"));
  drawings.push_back(draw(ten_steps<solver::ddim<>>{}, "ddim"));
  drawings.push_back(draw(ten_steps<solver::dpm_solver_pp<2>>{}, "dpm_solver_pp<2>"));
  drawings.push_back(draw(ten_steps<solver::unipc_2<>>{}, "unipc_2"));
  drawings.push_back(draw(flow<solver::flow_euler, 10>{}, "flow_euler"));
  drawings.push_back(draw(flow<solver::flow_heun, 5>{}, "flow_heun"));

  print("true", true_moments(), 0);
  for (drawing const& d : drawings) print(d.name, moments_of(d.ends), d.evaluations);
  if (out != nullptr) {
    examples::write_png(out, picture_of(drawings));
    std::printf("wrote %s\n", out);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc > 1 ? argv[1] : nullptr); });
}
