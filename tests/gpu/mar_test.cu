// SPDX-License-Identifier: Apache-2.0
//
// MAR on a GPU: the transformer's conditions against the host's, and whole drawings of the shipped model.
//
// sources: examples/common/network/adaln_head.cpp examples/common/network/aligned_memory.cpp
// sources: examples/common/program/annealing_words.cpp examples/common/files/atomic_file.cpp
// sources: examples/common/program/drawing_cost.cpp examples/common/files/file.cpp
// sources: examples/common/files/float_tensor.cpp examples/common/program/image_range.cpp
// sources: examples/common/files/json.cpp examples/common/program/labels.cpp
// sources: examples/common/files/mapped_file.cpp examples/common/program/model_files.cpp
// sources: examples/common/pictures/pixels.cpp examples/common/files/safetensors.cpp
// sources: examples/common/files/safetensors_header.cpp examples/common/files/safetensors_writer.cpp
// sources: examples/common/network/transformer.cpp examples/common/network/transformer_packing.cpp
// sources: examples/common/network/transformer_weights.cpp examples/common/files/unfinished_files.cpp
// sources: examples/mar/backbone.cpp examples/mar/checkpoint.cpp examples/mar/conditioning.cpp
// sources: examples/mar/config.cpp examples/mar/draw_bfloat16.cpp examples/mar/draw_float.cpp
// sources: examples/mar/cached_sequence.cpp examples/mar/caching.cpp examples/mar/packed_backbone.cpp
// sources: examples/mar/plan.cpp examples/mar/gpu/draw.cpp examples/mar/gpu/draw_bfloat16.cu
// sources: examples/mar/gpu/draw_float.cu examples/mar/gpu/network.cu examples/mar/gpu/products.cpp
// libraries: cublasLt
// headers: nlohmann/json.hpp
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "examples/mar/tiny_backbone.hpp"
#include "gpu/device_array.hpp"
#include "mar/checkpoint.hpp"
#include "mar/gpu/draw.hpp"
#include "mar/gpu/network.hpp"

namespace {

namespace mar = examples::mar;
using test::device_array;

// NaN counts as infinite.
std::vector<double> sorted_differences(std::vector<float> const& a, std::vector<float> const& b) {
  REQUIRE(a.size() == b.size());
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const difference = std::fabs(double{a[i]} - double{b[i]});
    differences.push_back(std::isnan(difference) ? INFINITY : difference);
  }
  std::sort(differences.begin(), differences.end());
  return differences;
}

double largest_difference(std::vector<float> const& a, std::vector<float> const& b) {
  return sorted_differences(a, b).back();
}

// Conditions of a batch in which the first tokens of a random order are known, by both: the largest difference.
double compare(mar::backbone const& network, bool bfloat16, int images, int known, int count) {
  mar::config const& sizes = network.sizes();
  int const length = sizes.seq_len(), channels = sizes.token_channels(), width = network.condition_width();
  std::mt19937 random(static_cast<unsigned>(known));
  auto const total = static_cast<std::size_t>(images * length);
  std::vector<float> tokens(total * static_cast<std::size_t>(channels));
  std::vector<std::uint8_t> flags(total);
  std::vector<int> positions, labels;
  for (int b = 0; b < images; ++b) {
    std::vector<int> order(static_cast<std::size_t>(length));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    for (int i = 0; i < known; ++i)
      flags[static_cast<std::size_t>(b * length + order[static_cast<std::size_t>(i)])] = 1;
    std::sort(order.end() - count, order.end());
    positions.insert(positions.end(), order.end() - count, order.end());
    labels.push_back(b % 3 == 2 ? -1 : b % sizes.class_num);
  }
  for (float& x : tokens) x = static_cast<float>(2.0 * naive_mar::uniform(random));

  std::vector<float> expected(static_cast<std::size_t>(2 * images * count * width));
  mar::backbone::scratch work(network);
  for (int s = 0; s < 2 * images; ++s) {
    int const b = s % images;
    network.condition(s < images ? labels[static_cast<std::size_t>(b)] : -1, tokens.data() + b * length * channels,
                      flags.data() + b * length, positions.data() + b * count, count,
                      expected.data() + s * count * width, work);
  }

  test::device_stream const stream;
  mar::gpu::device_network on_device(network, bfloat16);
  device_array<float> const device_tokens(tokens), z(expected.size());
  device_array<std::uint8_t> const device_flags(flags);
  device_array<int> const device_positions(positions), device_labels(labels);
  on_device.prepare(images, 2, {known, count});
  ardent::ar_step_view view;
  view.images = images;
  view.branches = 2;
  view.tokens_per_image = count;
  view.sequence_length = length;
  view.channels = channels;
  view.tokens = device_tokens.data();
  view.known = device_flags.data();
  view.positions = device_positions.data();
  view.tokens_known = known;
  on_device.condition(stream.get(), view, device_labels.data(), z.data());
  return largest_difference(z.read(), expected);
}

mar::request request_of(mar::checkpoint const& trained, std::vector<int> steps) {
  mar::request what;
  what.how.steps = std::move(steps);
  what.how.solver = mar::learned_ddpm();
  what.how.temperature = 1.0;
  what.how.guidance = mar::make_guidance("linear", 2.0);
  for (int i = 0; i < 2 * trained.sizes().class_num; ++i) what.labels.push_back(i % trained.sizes().class_num);
  what.seed = 4;
  return what;
}

}  // namespace

TEST_CASE("GPU: the transformer's conditions are the host's") {
  tiny_mar::network const tiny(2);
  mar::backbone const small = tiny.load();
  mar::checkpoint const shipped(mar::model_files::shipped());
  for (int const known : {1, 4}) {
    CHECK(compare(small, false, 3, known, 2) < 1e-4);
    CHECK(compare(small, true, 3, known, 2) < 0.1);
  }
  for (int const known : {1, 24, 45}) {
    CHECK(compare(shipped.network(), false, 5, known, 4) < 1e-4);
    CHECK(compare(shipped.network(), true, 5, known, 4) < 0.1);
  }
}

TEST_CASE("GPU: the first AR step of the shipped model gives the host's tokens") {
  // one AR step: nothing is known, so that no rounding is fed back
  mar::checkpoint const trained(mar::model_files::shipped());
  mar::request const what = request_of(trained, {50});
  std::vector<float> const host = mar::draw<float>(trained, what).tokens;
  CHECK(largest_difference(mar::gpu::draw(trained, what, {}).tokens, host) < 1e-4);
  // sums in another order round some activations the other way: 16 thousand numbers have one or two that it shows in
  std::vector<double> const differences = sorted_differences(mar::gpu::draw(trained, what, {.head = true}).tokens,
                                                             mar::draw<ardent::bfloat16>(trained, what).tokens);
  CHECK(differences[differences.size() * 999 / 1000] < 2e-2);
  CHECK(differences.back() < 5e-2);
}

TEST_CASE("GPU: whole drawings of the shipped model stay near the host's") {
  mar::checkpoint const trained(mar::model_files::shipped());
  mar::request what = request_of(trained, {30, 20, 10, 10, 8, 8});
  mar::drawing const host = mar::draw<float>(trained, what);
  what.batch = 7;  // and with other batches
  int told = 0;
  what.watch = [&](int, int tokens, int) { told += tokens; };
  mar::drawing const device = mar::gpu::draw(trained, what, {});
  CHECK(told == 20 * 49);
  CHECK(device.steps == host.steps);
  CHECK(device.nonfinite == 0);
  // rounding grows from AR step to AR step, in a few tokens more than in others
  std::vector<double> const differences = sorted_differences(device.tokens, host.tokens);
  CHECK(differences[differences.size() / 2] < 1e-4);
  CHECK(differences[differences.size() * 99 / 100] < 1e-2);
}
