// SPDX-License-Identifier: Apache-2.0
//
// own_policies: an annealing, an ordering, a solver and a denoiser written outside the library, a header each, and
// compiled into samplers like the library's own. The models are analytic: what they draw can be checked.
#include <ardent/ardent.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "annealing.hpp"
#include "denoiser.hpp"
#include "ordering.hpp"
#include "solver.hpp"

namespace {

constexpr int images = 1000;

using sampler = ardent::sampler<own::chess_board<8>, own::square_root_annealing<50, 5>, own::rho_adams_bashforth,
                                ardent::predicts<ardent::prediction::x0>>;
static_assert(sampler::tables_at_compile_time);

// Coins: each token has to be -1 or +1, and the shares those of the model.
void draw_coins() {
  sampler const draw;
  std::printf("denoising steps:");
  for (int i = 0; i < draw.ar_steps(); ++i) std::printf(" %d", draw.requested_steps(i));
  std::printf("\npositions:");
  for (int i = 0; i < draw.tokens(0) + draw.tokens(1); ++i) std::printf(" %d", draw.ordering().position(i));

  ardent::unconditional_model model(own::coin_denoiser(0.7f), draw.sequence_length());
  std::vector<float> tokens(std::size_t{images} * 64);
  ardent::generate(draw, model, ardent::executor::host{}, ardent::random::philox{1}, {images}, tokens);
  double heads = 0, farthest = 0;
  for (double const x : tokens) {
    heads += (x > 0 ? 1.0 : 0.0) / static_cast<double>(tokens.size());
    farthest = std::fmax(farthest, std::abs(std::abs(x) - 1));
  }
  std::printf(" ...\ncoins: %.3f are +1 (true 0.7), farthest from -1 and +1: %.4f\n", heads, farthest);
}

// Tokens of a Gaussian, always from the same starting noise.
template <class Solver, int Steps>
std::vector<float> draw_gaussian() {
  constexpr float weight = 1, mean = 1, deviation = 0.5f;
  ardent::unconditional_model model(ardent::denoiser::gaussian_mixture(1, 1, &weight, &mean, &deviation), 1);
  ardent::sampler<ardent::ordering::raster<1>, ardent::annealing::constant<Steps>, Solver,
                  ardent::process::cosine_continuous,
                  ardent::grid::between<ardent::grid::logsnr_uniform, 0.95, 0.01>> const draw;
  std::vector<float> tokens(images);
  ardent::generate(draw, model, ardent::executor::host{}, ardent::random::philox{1}, {images}, tokens);
  return tokens;
}

double distance(std::vector<float> const& a, std::vector<float> const& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(double{a[i]} - double{b[i]}, 2);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

// Twice the steps have to make a method of order 2 four times as exact, and Euler's twice.
void measure_order() {
  auto const exact = draw_gaussian<ardent::solver::dpm_solver_pp<3>, 200>();
  double const own_40 = distance(draw_gaussian<own::rho_adams_bashforth, 40>(), exact);
  double const own_80 = distance(draw_gaussian<own::rho_adams_bashforth, 80>(), exact);
  double const ddim_40 = distance(draw_gaussian<ardent::solver::ddim<>, 40>(), exact);
  double const ddim_80 = distance(draw_gaussian<ardent::solver::ddim<>, 80>(), exact);
  std::printf("distance from the ODE's tokens, 40 and 80 steps: own solver %.5f %.5f, ddim %.5f %.5f\n", own_40, own_80,
              ddim_40, ddim_80);
}

}  // namespace

int main() {
  draw_coins();
  measure_order();
}
