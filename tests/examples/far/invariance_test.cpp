// SPDX-License-Identifier: Apache-2.0
//
// Frequency AR: an image is what its seed, its index, its label and its order say, whatever the batch, the threads and
// the level of instructions it is drawn with others.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "far/head.hpp"
#include "far/model.hpp"
#include "support/environment.hpp"

namespace {

using namespace examples;

/// The small model of tests/data, of two classes.
struct small_system {
  mar::backbone network;
  far::head head;

  static small_system load() {
    safetensors const recorded = safetensors::read(test::data("far_small.safetensors"));
    safetensors_writer weights;
    for (std::string const& name : recorded.names())
      if (!name.starts_with("mask.") && !name.starts_with("nomask.") && !name.starts_with("resize.") &&
          !name.starts_with("class_emb."))
        weights.add(name, recorded.shape(name), recorded.floats(name));
    weights.add("class_emb.weight", recorded.shape("class_emb.weight_rows"), recorded.floats("class_emb.weight_rows"));
    safetensors const network = weights.in_memory("far_small");
    nlohmann::json document = read_json(test::data("far_small.json"));
    document["constructor"]["class_num"] = 2;
    return {mar::backbone(mar::config::from_json(document, "far_small.json"), network),
            far::head(network, "diffloss.net.")};
  }
};

std::vector<int> const levels{1, 3, 5, 6};

/// Draws images [first, first + labels.size()).
std::vector<float> draw(small_system const& of, far::variant shows, std::vector<int> const& labels, std::uint32_t first,
                        ardent::executor::host const& executor) {
  int const tokens = of.network.sizes().seq_len(), channels = of.network.sizes().token_channels();
  std::vector<int> orders;
  if (shows == far::variant::masked)
    for (std::size_t image = 0; image < labels.size(); ++image)
      for (int i = 0; i < tokens; ++i)  // 7 and 36 have no common divisor
        orders.push_back(static_cast<int>((static_cast<std::size_t>(i) * 7 + first + image) % 36));
  auto const sampler =
      ardent::make_sampler(ardent::ordering::next_frequency(of.network.sizes().seq_h(), levels),
                           ardent::annealing::constant(4), ardent::process::cosine<>{}, ardent::solver::ddpm<>{},
                           ardent::guidance::linear_open{2.5}, ardent::temperature::linear_open{0.85, 1.0});
  far::model model(of.network, of.head, labels, levels, shows, orders, executor.threads());
  std::vector<float> pictures(labels.size() * static_cast<std::size_t>(sampler.sequence_length() * channels));
  ardent::generate(sampler, model, executor, ardent::random::philox(5), {static_cast<int>(labels.size()), first},
                   pictures);
  return pictures;
}

}  // namespace

TEST_CASE("far: an image does not depend on its batch, nor on the threads") {
  small_system const of = small_system::load();
  for (far::variant const shows : {far::variant::whole, far::variant::masked}) {
    std::vector<int> const labels{1, 0, -1, 1};
    for (auto const level : {ardent::simd_level::baseline, ardent::host_level()}) {
      ardent::executor::host const one(1, level), several(3, level);
      std::vector<float> const batch = draw(of, shows, labels, 8, several);
      for (float const x : batch) REQUIRE(std::isfinite(x));
      CHECK(draw(of, shows, labels, 8, one) == batch);
      std::size_t const image = batch.size() / labels.size();
      auto const part = [&](std::size_t begin, std::size_t count) {
        return std::vector<float>(batch.begin() + static_cast<std::ptrdiff_t>(begin * image),
                                  batch.begin() + static_cast<std::ptrdiff_t>((begin + count) * image));
      };
      for (std::uint32_t i = 0; i < 4; ++i) CHECK(draw(of, shows, {labels[i]}, 8 + i, several) == part(i, 1));
      CHECK(draw(of, shows, {0, -1}, 9, several) == part(1, 2));
      CHECK(draw(of, shows, {0, 0, -1, 1}, 8, one) != batch);  // another label
      CHECK(part(0, 1) != part(3, 1));                         // another index
    }
  }
}
