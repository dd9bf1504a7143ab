// SPDX-License-Identifier: Apache-2.0
//
// Declares and checks the program xar's own options.
#include "options.hpp"

#include <ardent/annealing/xar.hpp>

#include "common/error.hpp"
#include "common/program/annealing_words.hpp"
#include "common/program/flow_guidance.hpp"

namespace examples::xar {
namespace {

constexpr own_annealing as_published{
    "xar", [](int upper, int lower, int ar_steps) { return steps_of(ardent::annealing::xar(upper, lower), ar_steps); }};

}  // namespace

void options::add_options(CLI::App& app, choices& c) {
  app.add_option("--steps", c.steps, "denoising steps of a cell: K, UPPER:LOWER or a table K,K,K,... [50:15]");
  app.add_option("--annealing", c.annealing,
                 "xar, constant, linear, cosine, two-stage or table [what --steps suggests; UPPER:LOWER is xar]");
  app.add_option("--solver", c.solver, "euler-maruyama, or euler on equal steps [euler-maruyama]");
  app.add_option("--guidance", c.guidance, "none, linear in the cell's index, or constant [linear]");
  add_number(app, "--guidance-scale", c.guidance_scale, 0.0, 1e6,
             "scale of classifier-free guidance, at the last cell if linear [2]");
}

void options::check(choices const& c) {
  if (c.solver != "euler" && c.solver != "euler-maruyama")
    fail("--solver", "euler or euler-maruyama", "\"" + printable(c.solver, 60) + "\"");
  static_cast<void>(make_step_guidance(c.guidance, c.guidance_scale));
}

std::vector<int> options::steps_of_cells(choices const& c, int cells) {
  return make_steps(c.annealing, c.steps, cells, &as_published);
}

}  // namespace examples::xar
