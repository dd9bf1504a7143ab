// SPDX-License-Identifier: Apache-2.0
//
// Random compositions, what they look like, and how they are made smaller.
#include "property/composition.hpp"

#include <cstdlib>
#include <sstream>

namespace property {
namespace {

constexpr char const* orderings[] = {"random", "masked", "raster", "next_scale", "next_cell", "next_frequency"};
constexpr char const* annealings[] = {"constant", "linear", "cosine", "two_stage", "flowar", "xar"};
constexpr char const* paths[] = {"cosine, clip(respaced, 950)",
                                 "cosine(400), clip(ddim_stride, 380)",
                                 "linear, respaced",
                                 "scaled_linear, leading(1)",
                                 "sigmoid, linspace",
                                 "zero_terminal_snr(scaled_linear), trailing",
                                 "piecewise_log_alpha(cosine, 951), time_uniform",
                                 "piecewise_log_alpha(cosine, 951), logsnr_uniform",
                                 "linear_continuous, time_quadratic (subdivided: logsnr_uniform)",
                                 "linear_continuous, karras(7)",
                                 "cosine_continuous, to_clean(time_uniform)",
                                 "flow_linear, time_uniform",
                                 "flow_linear, flow_shift(time_uniform, 3)",
                                 "flow_linear, flowar",
                                 "flow_linear, xar(0.04)",
                                 "flow_linear, between(time_uniform, 0.9, 0.1)",
                                 "flow_cosine, time_uniform"};
constexpr char const* solvers[] = {
    "ddim",          "ddim(0.6)",     "ddpm(small)",      "ddpm(large)",      "dpm_solver<1>",
    "dpm_solver<2>", "dpm_solver<3>", "dpm_solver_pp<2>", "dpm_solver_pp<3>", "sde_dpm_solver_pp<2>",
    "unipc_2",       "flow_euler",    "flow_ab2",         "flow_heun",        "flow_euler_maruyama",
    "singlestep_2",  "singlestep_3"};
constexpr int least_steps[] = {1, 1, 1, 1, 1, 2, 3, 2, 3, 2, 2, 1, 2, 1, 1, 2, 3};
constexpr char const* guidances[] = {"none",           "constant",    "linear",  "cosine",
                                     "linear_by_step", "linear_open", "interval"};
constexpr char const* temperatures[] = {"none", "constant", "linear", "cosine"};

int count_of(auto const& names) { return static_cast<int>(std::size(names)); }

bool goes_with(int solver, int path) {
  bool const velocity = path >= 11;
  if (solver >= 1 && solver <= 3) return path < 11 || path == 16;  // needs alpha^2 + sigma^2 = 1
  if (solver >= 11 && solver <= 13) return velocity;
  if (solver == 14) return velocity && path != 16;
  if (solver >= 15) return path == 8 || path == 15;  // needs inner nodes
  return true;
}

// What the library would refuse by its type or by its numbers is put right.
void settle(composition& c) {
  int const least = std::max(least_steps[c.solver], c.path == 13 ? 2 : 1);
  c.ar_steps = std::min(c.ar_steps, c.length);
  c.lower = std::max(c.lower, least);
  c.upper = std::max(c.upper, c.lower);
  c.split = std::min(c.split, c.images - 1);
}

bool same(composition const& a, composition const& b) { return text_of(a) == text_of(b); }

}  // namespace

composition draw(std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  auto const from = [&](int low, int high) {
    return low + static_cast<int>(engine() % static_cast<std::uint64_t>(high - low + 1));
  };
  composition c;
  c.ordering = from(0, count_of(orderings) - 1);
  c.annealing = from(0, count_of(annealings) - 1);
  do {
    c.path = from(0, count_of(paths) - 1);
    c.solver = from(0, count_of(solvers) - 1);
  } while (!goes_with(c.solver, c.path));
  c.from = from(0, 2);
  if (c.path == 5 && c.from == 0) c.from = 2;  // epsilon says nothing about x0 in pure noise
  c.guidance = from(0, 1) == 0 ? 0 : from(1, count_of(guidances) - 1);
  c.temperature = from(0, count_of(temperatures) - 1);
  c.length = from(1, 30);
  c.ar_steps = from(1, 8);
  c.upper = from(1, 12);
  c.lower = from(1, c.upper);
  c.scale = from(0, 400);
  c.heat = from(0, 150);
  c.channels = from(1, 9);
  c.images = from(1, 5);
  c.threads = from(2, 4);
  c.split = from(1, 4);
  c.network = from(0, 1);
  c.seed = engine();
  settle(c);
  return c;
}

std::string text_of(composition const& c) {
  std::ostringstream text;
  text << "ordering " << orderings[c.ordering] << " of " << c.length << " tokens in " << c.ar_steps
       << " AR steps; annealing " << annealings[c.annealing] << " " << c.upper << ":" << c.lower << "; "
       << paths[c.path] << "; solver " << solvers[c.solver] << "; network says "
       << (c.path >= 11 ? (c.from == 0 ? "x0" : "velocity")
                        : (c.from == 0   ? "epsilon"
                           : c.from == 1 ? "x0"
                                         : "v"))
       << (c.network == 0 ? " of a constant x0" : ", something bounded") << "; guidance " << guidances[c.guidance]
       << " " << c.scale / 100.0 << "; temperature " << temperatures[c.temperature] << " " << c.heat / 100.0 << "; "
       << c.channels << " channels, " << c.images << " images (" << c.split << " first), " << c.threads
       << " threads, seed " << c.seed;
  return text.str();
}

composition shrunk(composition c, property_check const& check) {
  using change = void (*)(composition&);
  static constexpr change changes[] = {
      [](composition& s) { s.length = 1; },
      [](composition& s) { s.length = (s.length + 1) / 2; },
      [](composition& s) { --s.length; },
      [](composition& s) { s.ar_steps = 1; },
      [](composition& s) { --s.ar_steps; },
      [](composition& s) { s.images = 1; },
      [](composition& s) { --s.images; },
      [](composition& s) { s.channels = 1; },
      [](composition& s) { --s.channels; },
      [](composition& s) { s.upper = s.lower; },
      [](composition& s) { --s.upper; },
      [](composition& s) { --s.lower; },
      [](composition& s) { s.threads = 2; },
      [](composition& s) { s.guidance = 0; },
      [](composition& s) { s.guidance = std::min(s.guidance, 1); },
      [](composition& s) { s.temperature = 0; },
      [](composition& s) { s.annealing = 0; },
      [](composition& s) { s.ordering = 2; },
      [](composition& s) { s.scale = 100; },
      [](composition& s) { s.seed = 1; },
      [](composition& s) { s.network = 0; },
  };
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (change const& make : changes) {
      composition trial = c;
      make(trial);
      if (trial.length < 1 || trial.ar_steps < 1 || trial.images < 1 || trial.channels < 1 || trial.lower < 1) continue;
      settle(trial);
      if (same(trial, c) || check(trial).empty()) continue;
      c = trial;
      smaller = true;
    }
  }
  return c;
}

std::uint64_t number_from(char const* variable, std::uint64_t otherwise) {
  char const* const text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace property
