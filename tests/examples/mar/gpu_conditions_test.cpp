// SPDX-License-Identifier: Apache-2.0
//
// The list of kernels and products that is MAR's transformer on a GPU, carried out on the host: against plain loops in
// double precision at odd sizes, whatever is known and drawn, and against the transformer that runs on the host.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "gpu_machine.hpp"
#include "tiny_backbone.hpp"

namespace {

namespace mar = examples::mar;
using gpu_test::device_bytes;

// A batch of pictures in progress, as an AR step of a generation has it.
struct batch {
  int images, branches, known, count;
  std::vector<tiny_mar::image> pictures;
  std::vector<float> tokens;
  std::vector<std::uint8_t> flags;
  std::vector<int> positions, labels;

  batch(tiny_mar::network const& tiny, int image_count, int branch_count, int known_count, int drawn)
      : images(image_count), branches(branch_count), known(known_count), count(drawn) {
    for (int b = 0; b < images; ++b) {
      pictures.emplace_back(tiny, known, 300 + static_cast<unsigned>(b));
      tiny_mar::image const& p = pictures.back();
      std::vector<int> const chosen = p.choose(count);
      tokens.insert(tokens.end(), p.tokens.begin(), p.tokens.end());
      flags.insert(flags.end(), p.known.begin(), p.known.end());
      positions.insert(positions.end(), chosen.begin(), chosen.end());
      labels.push_back(b % 3 == 2 ? -1 : b % 5);
    }
  }

  ardent::ar_step_view view() const {
    ardent::ar_step_view v;
    v.images = images;
    v.branches = branches;
    v.tokens_per_image = count;
    v.sequence_length = 9;
    v.channels = 12;
    v.tokens = tokens.data();
    v.known = flags.data();
    v.positions = positions.data();
    v.tokens_known = known;
    return v;
  }
};

template <class Storage>
struct network {
  mar::backbone const host;
  std::size_t const bytes;
  device_bytes image;
  mar::gpu::device_weights<Storage> const weights;

  explicit network(tiny_mar::network const& tiny)
      : host(tiny.load()),
        bytes(mar::gpu::device_weights<Storage>(host.weights(), nullptr, nullptr).bytes),
        image(bytes),
        weights(host.weights(), image.data(), image.data()) {}

  std::vector<float> conditions(batch const& b, gpu_test::host_machine& machine) {
    mar::config const& sizes = host.sizes();
    device_bytes work(mar::gpu::condition_memory<Storage>(sizes, b.images, b.branches, nullptr).bytes);
    mar::gpu::condition_memory<Storage> const memory(sizes, b.images, b.branches, work.data());
    auto const rows = static_cast<std::size_t>(b.images * b.branches * b.count);
    std::vector<float> z(rows * static_cast<std::size_t>(host.condition_width()), std::nanf(""));
    mar::gpu::condition_list(machine, sizes, weights, memory).enqueue(b.view(), b.labels.data(), z.data());
    return z;
  }
};

// The largest difference from the reference; of all branches, images and tokens.
double worst_difference(tiny_mar::network const& tiny, batch const& b, std::vector<float> const& z) {
  double worst = 0.0;
  std::size_t next = 0;
  for (int branch = 0; branch < b.branches; ++branch)
    for (int image = 0; image < b.images; ++image) {
      auto const i = static_cast<std::size_t>(image);
      naive_mar::rows const expected =
          tiny.reference.condition(branch == 0 ? b.labels[i] : -1, b.pictures[i].tokens, b.pictures[i].known);
      for (int j = 0; j < b.count; ++j) {
        int const position = b.positions[static_cast<std::size_t>(image * b.count + j)];
        for (double const right : expected[static_cast<std::size_t>(position)]) {
          double const difference = std::fabs(double{z[next++]} - right);
          worst = difference <= worst ? worst : difference;  // a NaN stays
        }
      }
    }
  CHECK(next == z.size());
  return worst;
}

}  // namespace

TEST_CASE("mar on a GPU: conditions equal plain loops in double precision at odd sizes") {
  for (int const depth : {1, 2}) {
    tiny_mar::network const tiny(depth);
    network<float> exact(tiny);
    network<ardent::bfloat16> rounded(tiny);
    for (int const known : {0, 1, 5, 8})
      for (int const count : {1, 3, 9 - known}) {
        if (count > 9 - known) continue;
        CAPTURE(known);
        CAPTURE(count);
        batch const b(tiny, 3, known % 2 == 0 ? 2 : 1, known, count);
        gpu_test::host_machine machine{ardent::executor::checked(2, 32)};
        CHECK(worst_difference(tiny, b, exact.conditions(b, machine)) < 1e-5);
        // all images and both branches in one product: what does not grow with the batch
        CHECK(machine.products == (known > 0 ? 2 : 1) + (2 + depth) * 6);
        CHECK(machine.most_batch == 3 * b.branches * 4);
        double const difference = worst_difference(tiny, b, rounded.conditions(b, machine));
        CHECK(difference < 0.1);
        CHECK(difference > 1e-4);  // it is another number type
      }
  }
}

TEST_CASE("mar on a GPU: conditions equal the host's transformer") {
  tiny_mar::network const tiny(2);
  network<float> on_device(tiny);
  batch const b(tiny, 4, 2, 4, 2);
  gpu_test::host_machine machine{ardent::executor::checked(3, 64)};
  std::vector<float> const z = on_device.conditions(b, machine);
  mar::backbone::scratch work(on_device.host);
  std::vector<float> expected(z.size());
  auto const row = static_cast<std::size_t>(on_device.host.condition_width() * b.count);
  for (int s = 0; s < 8; ++s) {
    auto const i = static_cast<std::size_t>(s % 4);
    on_device.host.condition(s < 4 ? b.labels[i] : -1, b.pictures[i].tokens.data(), b.pictures[i].known.data(),
                             b.positions.data() + i * 2, 2, expected.data() + static_cast<std::size_t>(s) * row, work);
  }
  float worst = 0;
  for (std::size_t i = 0; i < z.size(); ++i) worst = std::fmax(worst, std::fabs(z[i] - expected[i]));
  CHECK(worst < 2e-5F);
}

TEST_CASE("mar on a GPU: attention piece by piece gives the same bits") {
  tiny_mar::network const tiny(2);
  network<float> on_device(tiny);
  batch const b(tiny, 5, 2, 5, 4);
  mar::config const& sizes = on_device.host.sizes();
  device_bytes work(mar::gpu::condition_memory<float>(sizes, b.images, b.branches, nullptr).bytes);
  mar::gpu::condition_memory<float> memory(sizes, b.images, b.branches, work.data());
  gpu_test::host_machine whole{ardent::executor::checked(2, 32)};
  std::vector<float> const at_once = on_device.conditions(b, whole);
  std::size_t const of_sequence = 4 * 12 * 16;  // heads, rows, row of scores
  for (std::size_t const sequences : {std::size_t{1}, std::size_t{3}, std::size_t{9}}) {
    memory.score_size = of_sequence * sequences;
    gpu_test::host_machine machine{ardent::executor::checked(2, 32)};
    std::vector<float> z(at_once.size());
    mar::gpu::condition_list(machine, sizes, on_device.weights, memory).enqueue(b.view(), b.labels.data(), z.data());
    CHECK(machine.products > whole.products);
    CHECK(std::memcmp(z.data(), at_once.data(), z.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("mar on a GPU: the largest batch keeps indices within an int") {
  mar::config const sizes = tiny_mar::network(1).load().sizes();
  int const most = mar::gpu::condition_memory<float>::most_images(sizes, 2);
  CHECK(static_cast<long long>(most) * 2 * 12 * 72 <= 2147483647LL);
  CHECK(static_cast<long long>(most + 1) * 2 * 12 * 72 > 2147483647LL);
  mar::config large = sizes;
  large.img_size = 4 * 12000;  // 144 million tokens an image: a row of scores alone would not do
  large.patch_size = 2;
  CHECK(mar::gpu::condition_memory<float>::most_images(large, 1) == 0);
}
