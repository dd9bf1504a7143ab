// SPDX-License-Identifier: Apache-2.0
//
// custom_policy: a new annealing policy, written outside the library and compiled into a sampler like the library's
// own. The model is a Gaussian mixture, whose exact score is known and so are its moments: they show whether the
// sampler draws what it should.
#include <ardent/ardent.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace {

/// @brief Stays near Upper for longer than linear annealing: Lower + floor((Upper - Lower) sqrt((L - s) / L)),
/// L = n - 1. `steps` is all that an annealing policy needs; being constexpr and without members makes it a static one,
/// whose tables the compiler computes.
template <int Upper, int Lower>
struct square_root_annealing {
  constexpr int steps(int ar_step, int ar_steps) const {
    constexpr int range = Upper - Lower;
    int const last = ar_steps - 1, left = last - ar_step;
    int above = 0;  // counted up, since std::sqrt is no constant expression
    while (above < range && (above + 1) * (above + 1) * last <= range * range * left) ++above;
    return Lower + above;
  }
};

using sampler = ardent::sampler<ardent::ordering::random<64, 16>, square_root_annealing<50, 5>,
                                ardent::solver::ddpm<ardent::variance::fixed_large>>;
static_assert(sampler::tables_at_compile_time);

}  // namespace

int main() {
  constexpr float weights[] = {0.3f, 0.7f}, means[] = {-2.0f, 1.0f}, deviations[] = {0.3f, 0.5f};
  double true_mean = 0, true_square = 0;
  for (int i = 0; i < 2; ++i) {
    true_mean += double{weights[i]} * means[i];
    true_square += double{weights[i]} * (double{means[i]} * means[i] + double{deviations[i]} * deviations[i]);
  }
  double const true_deviation = std::sqrt(true_square - true_mean * true_mean);

  constexpr int images = 1000, length = 64;
  ardent::unconditional_model model(ardent::denoiser::gaussian_mixture(1, 2, weights, means, deviations), length);
  sampler const draw;
  std::vector<float> tokens(std::size_t{images} * length);
  ardent::generate(draw, model, ardent::executor::host{}, ardent::random::philox{1}, {images}, tokens);

  std::printf("denoising steps:");
  for (int i = 0; i < draw.ar_steps(); ++i) std::printf(" %d", draw.requested_steps(i));
  double mean = 0, square = 0;
  for (double const x : tokens) {
    mean += x / static_cast<double>(tokens.size());
    square += x * x / static_cast<double>(tokens.size());
  }
  double const deviation = std::sqrt(square - mean * mean);
  std::printf("\nmean %.3f (true %.3f), standard deviation %.3f (true %.3f)\n", mean, true_mean, deviation,
              true_deviation);
  return std::abs(mean - true_mean) < 0.1 && std::abs(deviation - true_deviation) < 0.1 ? 0 : 1;
}
