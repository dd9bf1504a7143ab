// SPDX-License-Identifier: Apache-2.0
//
// What a GPU runs between AR steps, an element a call, on the host: the orders, positions, tokens and masks that
// `generate` makes, whatever the order of the calls.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>
#include <ardent/detail/ordering_bodies.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/made_numbers.hpp"
#include "support/one_level.hpp"

namespace {

namespace ordering = ardent::ordering;

// body(i) for all elements, as a GPU might: in no order.
template <class F>
void for_all(int elements, F const& body) {
  std::vector<int> order;
  for (int i = 0; i < elements; ++i) order.push_back(i);
  test::made_numbers numbers(5);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(numbers.uniform() * static_cast<double>(i))]);
  for (int const i : order) body(i);
}

// The bodies, with all memory filled with nonsense beforehand.
struct device {
  ardent::token_layout layout;
  int quads;
  std::vector<std::uint64_t> keys;
  std::vector<int> order, offsets, positions;
  std::vector<std::uint32_t> images;
  std::vector<float> tokens;
  std::vector<std::uint8_t> known;

  explicit device(ardent::token_layout const& batch)
      : layout(batch),
        quads((batch.channels + 3) / 4),
        keys(total(), 99),
        order(total(), -1),
        offsets(static_cast<std::size_t>(batch.images) + 1, -1),
        tokens(total() * static_cast<std::size_t>(batch.channels), -9.0f),
        known(total(), 7) {
    for_all(static_cast<int>(total()) * quads,
            ardent::detail::clear_kernel<float>{layout, wide(), tokens.data(), known.data()});
  }
  // As a launch decides it: quads in single accesses.
  bool wide() const { return layout.channels % 4 == 0 && ardent::detail::is_wide(tokens.data()); }
  std::size_t total() const { return static_cast<std::size_t>(layout.images * layout.sequence_length); }

  template <bool Permuted, class Random>
  void make_orders(Random const& random) {
    auto const elements = static_cast<int>(total());
    if constexpr (Permuted)
      for_all(elements,
              ardent::detail::order_keys_kernel<Random>{layout, random, keys.data(), order.data(), offsets.data()});
    else
      for_all(elements, ardent::detail::raster_order_kernel{layout, order.data()});
    if constexpr (Permuted)
      for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {  // where a GPU has CUB's segmented sort
        std::uint64_t const* const of_image = keys.data() + offsets[b];
        std::sort(order.begin() + offsets[b], order.begin() + offsets[b + 1],
                  [&](int x, int y) { return of_image[x] < of_image[y]; });
      }
  }
  void pick(int done, int count) {
    positions.assign(static_cast<std::size_t>(layout.images * count), -1);
    images.assign(positions.size(), 0);
    for_all(layout.images * count,
            ardent::detail::pick_kernel{layout, order.data(), done, count, positions.data(), images.data()});
  }
  void scatter(int count, float const* samples) {
    bool const whole = wide() && ardent::detail::is_wide(samples);
    for_all(layout.images * count * quads, ardent::detail::scatter_kernel<float>{layout, positions.data(), count, whole,
                                                                                 samples, tokens.data(), known.data()});
  }
  std::vector<float> gather(int count) const {
    std::vector<float> out(static_cast<std::size_t>(layout.images * count * layout.channels), -9.0f);
    bool const whole = wide() && ardent::detail::is_wide(out.data());
    for_all(layout.images * count * quads,
            ardent::detail::gather_kernel<float>{layout, positions.data(), count, whole, tokens.data(), out.data()});
    return out;
  }
};

// A denoiser that is quickly evaluated.
template <int Channels>
struct shift {
  static constexpr ardent::prediction predicted = ardent::prediction::epsilon;
  int channels() const { return Channels; }
  int outputs() const { return Channels; }
  int condition_width() const { return 0; }
  void operator()(float const* x, ardent::time_point const&, float const*, float* output) const {
    for (int c = 0; c < Channels; ++c) output[c] = x[c] + 1;
  }
};

// A model that looks at what generate tells it at each AR step, and at what the bodies make of the same.
template <int Channels>
struct watching_model {
  device& gpu;
  int length;
  int done = 0;
  int sequence_length() const { return length; }
  auto denoiser() const { return ardent::denoiser::pointwise(shift<Channels>{}); }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float*) {
    INFO("AR step " << view.ar_step << ", " << Channels << " channels");
    gpu.pick(done, view.tokens_per_image);
    CHECK(std::equal(gpu.positions.begin(), gpu.positions.end(), view.positions));
    CHECK(std::equal(gpu.tokens.begin(), gpu.tokens.end(), view.tokens));
    CHECK(std::equal(gpu.known.begin(), gpu.known.end(), view.known));
    for (std::size_t i = 0; i < gpu.images.size(); ++i)
      CHECK(gpu.images[i] == view.first_image + i / static_cast<std::size_t>(view.tokens_per_image));
    done += view.tokens_per_image;
  }
};

template <int Channels, class Ordering, class Random>
void check(Ordering const& given, Random const& random, int images, std::uint32_t first_image) {
  auto const sampler = ardent::make_sampler(given, ardent::annealing::constant(2));
  device gpu({images, given.sequence_length(), Channels, first_image});
  gpu.make_orders<Ordering::permuted>(random);
  watching_model<Channels> model{gpu, given.sequence_length()};
  std::vector<float> tokens(gpu.tokens.size());
  int steps = 0;
  ardent::generate(sampler, model, test::one_level<ardent::simd_level::baseline>(), random, {images, first_image},
                   tokens, [&](ardent::ar_step_report const& report) {
                     ++steps;
                     int const count = report.rows / images;
                     gpu.scatter(count, report.samples.data());
                     std::vector<float> const samples(report.samples.begin(), report.samples.end());
                     CHECK(gpu.gather(count) == samples);
                   });
  CHECK(steps == given.ar_steps());
  CHECK(gpu.tokens == tokens);
  CHECK(gpu.known == std::vector<std::uint8_t>(gpu.total(), 1));
}

}  // namespace

TEST_CASE("ordering bodies: orders, positions, tokens and masks as generate has them") {
  ardent::random::philox const random(11);
  check<1>(ordering::random(1, 1), random, 1, 0);
  check<3>(ordering::random(49, 12), random, 3, 5);
  check<4>(ordering::masked(64, 8), random, 2, 0xfffffff0u);
  check<6>(ordering::masked(100, 1), random, 4, 0);
  check<5>(ordering::raster(30, 7), random, 3, 2);
}

TEST_CASE("ordering bodies: a recorded order") {
  // images are counted from 0 in a recording
  std::vector<int> const ranks = {4, 1, 0, 3, 2, 0, 4, 3, 2, 1};
  std::vector<float> const numbers = test::made_numbers(3).normals(20);
  std::vector<float const*> const no_draws(4, nullptr);
  std::vector<ardent::random::recorded_step> const steps(5, {numbers.data(), no_draws.data()});
  check<2>(ordering::random(5, 3), ardent::random::replay(steps.data(), ranks.data(), 5), 2, 0);
}

TEST_CASE("ordering bodies: an order is a permutation of each image, and images differ") {
  device gpu({2, 256, 1, 3});
  gpu.make_orders<true>(ardent::random::philox(1));
  CHECK(gpu.offsets == std::vector<int>{0, 256, 512});
  std::vector<int> first(gpu.order.begin(), gpu.order.begin() + 256), second(gpu.order.begin() + 256, gpu.order.end());
  CHECK(first != second);
  for (std::vector<int>* const order : {&first, &second}) {
    std::sort(order->begin(), order->end());
    for (int p = 0; p < 256; ++p) REQUIRE((*order)[static_cast<std::size_t>(p)] == p);
  }
}
