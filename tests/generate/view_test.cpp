// SPDX-License-Identifier: Apache-2.0
//
// What a model is told of an AR step agrees with what it finds in the arrays.
#include <ardent/denoiser/gaussian_mixture.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/generate.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace {

using mixture = ardent::denoiser::gaussian_mixture<2>;

struct watching_model {
  mixture head;
  int ar_steps = 0;

  int sequence_length() const { return 20; }
  mixture denoiser() const { return head; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float*) {
    CHECK(view.ar_step == ar_steps++);
    CHECK(view.sequence_length == 20);
    CHECK(view.channels == 2);
    for (int image = 0; image < view.images; ++image) {
      auto const* const known = view.known + image * 20;
      CHECK(std::count(known, known + 20, 1) == view.tokens_known);
      auto const* const positions = view.positions + image * view.tokens_per_image;
      CHECK(std::is_sorted(positions, positions + view.tokens_per_image));
      for (int j = 0; j < view.tokens_per_image; ++j) CHECK(known[positions[j]] == 0);
    }
  }
};

}  // namespace

TEST_CASE("view: tokens known and positions drawn, as the arrays have them") {
  static const float weights[] = {1}, means[] = {0, 0}, deviations[] = {1};
  watching_model model{mixture(2, 1, weights, means, deviations)};
  const auto sampler = ardent::make_sampler(ardent::ordering::masked{20, 6}, ardent::annealing::constant{2});
  std::vector<float> tokens(3 * 20 * 2);
  ardent::generate(sampler, model, ardent::executor::host(2), ardent::random::philox(1), {3, 4}, tokens);
  CHECK(model.ar_steps == 6);
}
