// SPDX-License-Identifier: Apache-2.0
//
// numerics::invariant: equal seeds give equal tokens, bit for bit, whatever the batch, the number of threads, the size
// of the tiles and the regime; each instruction-set level for itself.
#include <doctest/doctest.h>
#include <ardent/ardent.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/made_model.hpp"
#include "support/scene.hpp"

namespace {

using ardent::simd_level;
using ardent::executor::host;

constexpr int channels = 5, length = 12, image_size = channels * length;

/// Draws images [first, first + images) with tiles and regime as the head likes them, or forced.
template <class Storage>
class drawer {
  using head = ardent::denoiser::adaln_mlp<Storage>;

 public:
  drawer() : weights_({channels, 2 * channels, 48, 2, 7}), memory_(weights_.packed<Storage>(weights_.shape)) {}

  std::vector<float> natural(host const& executor, int images, std::uint32_t first = 0) const {
    return generate(test::forced<head>(get()), executor, images, first);
  }
  std::vector<float> forced(host const& executor, int images, int most, bool team) const {
    return generate(test::forced<head>(get(), most, team), executor, images, 0);
  }

 private:
  head get() const { return head(weights_.shape, memory_.data()); }
  std::vector<float> generate(test::forced<head> const& denoiser, host const& executor, int images,
                              std::uint32_t first) const {
    test::made_model model(denoiser, length);
    ardent::sampler<ardent::ordering::masked<length, 4>, ardent::annealing::linear<8, 3>, ardent::solver::ddpm<>,
                    ardent::guidance::linear<2.5>> const sampler;
    std::vector<float> tokens(static_cast<std::size_t>(images * image_size));
    ardent::generate(sampler, model, executor, ardent::random::philox(11), {images, first}, tokens);
    return tokens;
  }

  test::made_head weights_;
  test::aligned_bytes memory_;
};

std::vector<float> image(std::vector<float> const& batch, int i) {
  return {batch.begin() + i * image_size, batch.begin() + (i + 1) * image_size};
}

template <class Storage>
void check(simd_level level) {
  if (level > ardent::host_level()) return;
  CAPTURE(static_cast<int>(level));
  drawer<Storage> const draw;
  host const one(1, level);
  std::vector<float> const batch = draw.natural(one, 16);
  for (float const x : batch) REQUIRE(std::fabs(x) < 1000);  // and not NaN
  REQUIRE(image(batch, 0) != image(batch, 1));

  for (int const threads : {1, 2, 3, 9}) {
    CAPTURE(threads);
    host const executor(threads, level);
    CHECK(draw.natural(executor, 16) == batch);
    for (int const i : {0, 1, 7, 15})  // alone: a team of the threads
      CHECK(draw.natural(executor, 1, static_cast<std::uint32_t>(i)) == image(batch, i));
    std::vector<float> const middle = draw.natural(executor, 5, 6);
    for (int i = 0; i < 5; ++i) CHECK(image(middle, i) == image(batch, 6 + i));
    for (int const most : {1, 7, 64})
      for (bool const team : {false, true}) {
        CAPTURE(most);
        CAPTURE(team);
        CHECK(draw.forced(executor, 16, most, team) == batch);
      }
  }
}

TEST_CASE("batch, threads, tiles and regime do not change a bit: float weights, baseline") {
  check<float>(simd_level::baseline);
}
TEST_CASE("batch, threads, tiles and regime do not change a bit: float weights, avx2") {
  check<float>(simd_level::avx2);
}
TEST_CASE("batch, threads, tiles and regime do not change a bit: bfloat16 weights, avx2") {
  check<ardent::bfloat16>(simd_level::avx2);
}

TEST_CASE("the regimes that the head chooses by itself are both met above") {
  test::made_head const weights({channels, 2 * channels, 48, 2, 7});
  auto const memory = weights.packed<float>(weights.shape);
  ardent::denoiser::adaln_mlp<> const head(weights.shape, memory.data());
  CHECK(head.prefers_team(3, 2, 2));         // one image
  CHECK_FALSE(head.prefers_team(48, 2, 2));  // sixteen
  CHECK_FALSE(head.prefers_team(3, 2, 1));
}

TEST_CASE("levels agree to rounding") {
  if (ardent::host_level() < simd_level::avx2) return;
  drawer<float> const draw;
  std::vector<float> const baseline = draw.natural(host(1, simd_level::baseline), 4);
  std::vector<float> const avx2 = draw.natural(host(1, simd_level::avx2), 4);
  CHECK(test::largest_difference(avx2, test::doubles(baseline.begin(), baseline.end())) < 2e-3);
}

}  // namespace
