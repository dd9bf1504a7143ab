// SPDX-License-Identifier: Apache-2.0
//
// How far a change spreads, where every later token is a linear function of all earlier ones.
#include <doctest/doctest.h>
#include <ardent/annealing/linear.hpp>
#include <ardent/diagnostics/sensitivity.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>

#include <cmath>
#include <vector>

#include "diagnostics/gaussian.hpp"

namespace {

using namespace ardent;

constexpr int images = 3, length = 12, channels = 2;
constexpr double memory = 0.15;
auto const sampler_of_four = make_sampler(ordering::masked{length, 4}, annealing::linear{9, 3});

TEST_CASE("sensitivity: what linear tokens make of a change, by AR step, inline and batched") {
  executor::host const host(2);
  test::gaussian_model<channels> model{length, 0.4f, static_cast<float>(memory)};
  random::philox const usual(5), other(6);
  auto const found = diagnostics::sensitivities(sampler_of_four, model, host, usual, other, {images, 2});
  REQUIRE(found.size() == 4);
  for (int i = 0; i < 4; ++i) {
    // the changed tokens, by drawing with other noise from the same prefix
    std::vector<float> before, after;
    double expected_spread = 0, expected_changed = 0;
    std::vector<float> tokens(images * length * channels), changed(tokens.size());
    generate(sampler_of_four, model, host, usual, {images, 2}, tokens, [&](ar_step_report const& report) {
      if (report.ar_step == i) before.assign(report.samples.begin(), report.samples.end());
    });
    generate(sampler_of_four, model, host, diagnostics::other_noise_at(usual, other, i), {images, 2}, changed,
             [&](ar_step_report const& report) {
               if (report.ar_step == i) after.assign(report.samples.begin(), report.samples.end());
             });
    std::size_t const size = before.size() / images;
    for (int b = 0; b < images; ++b) {
      double sum = 0;
      for (std::size_t e = 0; e < size; ++e) {
        double const d = static_cast<double>(after[static_cast<std::size_t>(b) * size + e]) -
                         static_cast<double>(before[static_cast<std::size_t>(b) * size + e]);
        sum += d;
        expected_changed += d * d;
        expected_spread += d * d;
      }
      // each later number moves by offset * memory * (all changes before it)
      for (int j = i + 1; j < 4; ++j) {
        double const moved = test::map_of(sampler_of_four, j, 0.4).offset * memory * sum;
        int const numbers = sampler_of_four.tokens(j) * channels;
        expected_spread += numbers * moved * moved;
        sum += numbers * moved;
      }
    }
    diagnostics::sensitivity const& at = found[static_cast<std::size_t>(i)];
    CHECK(at.changed == doctest::Approx(expected_changed).epsilon(1e-4));
    CHECK(at.spread == doctest::Approx(expected_spread).epsilon(1e-3));
    CHECK(at.factor() == doctest::Approx(expected_spread / expected_changed).epsilon(1e-3));
  }
  CHECK(found[3].factor() == 1);  // nothing comes after it
  CHECK(found[0].factor() > 1.5);

  test::batched_gaussian_model<channels> batched{model};
  auto const same = diagnostics::sensitivities(sampler_of_four, batched, host, usual, other, {images, 2});
  for (std::size_t i = 0; i < 4; ++i) CHECK(same[i].factor() == doctest::Approx(found[i].factor()).epsilon(1e-3));
}

TEST_CASE("sensitivity: the same noise changes nothing") {
  executor::host const host(1);
  test::gaussian_model<channels> model{length, 0.4f, 0.1f};
  random::philox const usual(5);
  for (auto const& one : diagnostics::sensitivities(sampler_of_four, model, host, usual, usual, {1, 0})) {
    CHECK(one.spread == 0);
    CHECK(one.factor() == 0);
  }
}

}  // namespace
