// SPDX-License-Identifier: Apache-2.0
//
// Declares and checks the program flowar's own options.
#include "options.hpp"

#include <ardent/annealing/flowar.hpp>
#include <ardent/grid/flowar.hpp>

#include "common/program/annealing_words.hpp"
#include "common/program/flow_guidance.hpp"

namespace examples::flowar {
namespace {

constexpr own_annealing as_published{"flowar", [](int upper, int lower, int ar_steps) {
                                       return steps_of(ardent::annealing::flowar(upper, lower), ar_steps);
                                     }};

}  // namespace

void options::add_options(CLI::App& app, choices& c) {
  app.add_option("--steps", c.steps, "denoising steps of a scale: K, UPPER:LOWER or a table K,K,K,... [25:15]");
  app.add_option("--annealing", c.annealing,
                 "flowar, constant, linear, cosine, two-stage or table [what --steps suggests; UPPER:LOWER is flowar]");
  app.add_option("--guidance", c.guidance, "none, linear in the scale's index, or constant [linear]");
  add_number(app, "--guidance-scale", c.guidance_scale, 0.0, 1e6,
             "scale of classifier-free guidance, at the last scale if linear [2]");
  add_number(app, "--guidance-interval", c.guidance_interval, 0.0, 1.0,
             "guidance acts from this time on; time runs from 1 to 0 [0.9]");
}

void options::check(choices const& c) { static_cast<void>(make_step_guidance(c.guidance, c.guidance_scale)); }

std::vector<int> options::steps_of_scales(choices const& c, int scales) {
  return make_steps(c.annealing, c.steps, scales, &as_published, ardent::grid::flowar::least_steps);
}

}  // namespace examples::flowar
