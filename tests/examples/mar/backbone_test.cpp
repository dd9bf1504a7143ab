// SPDX-License-Identifier: Apache-2.0
//
// MAR's transformer against the recorded runs of the published code, and against plain loops in double precision at
// odd sizes.
#include "mar/backbone.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "common/files/json.hpp"
#include "naive_backbone.hpp"
#include "support/environment.hpp"
#include "tiny_backbone.hpp"

namespace {

namespace mar = examples::mar;

// The conditions of every AR step of a case against case_x.stepSS.z. Returns the number of steps compared.
int check_case(mar::backbone const& network, examples::safetensors const& recorded, nlohmann::json const& run) {
  std::string const name = run.at("name");
  int const length = network.sizes().seq_len();
  int const channels = network.sizes().token_channels();
  int const width = network.condition_width();
  int const batch = run.at("batch");
  bool const guided = run.at("cfg") != 1.0;
  std::vector<float> const tokens = recorded.floats(name + ".tokens", {batch, length, channels});
  std::vector<std::int64_t> const orders = recorded.integers(name + ".orders");
  mar::backbone::scratch work(network);
  int masked = length;
  int compared = 0;
  for (int step = 0; masked > 0; ++step) {
    int const count = run.at("tokens_predicted").at(static_cast<std::size_t>(step));
    std::string const z_name = name + ".step" + (step < 10 ? "0" : "") + std::to_string(step) + ".z";
    masked -= count;
    if (!recorded.contains(z_name)) continue;
    int const branches = guided ? 2 : 1;
    std::vector<float> const expected = recorded.floats(z_name, {branches * batch * count, width});
    std::vector<float> z(expected.size());
    float* to = z.data();
    for (int branch = 0; branch < branches; ++branch) {
      for (int image = 0; image < batch; ++image, to += count * width) {
        auto const order = orders.begin() + image * length;
        std::vector<std::uint8_t> known(static_cast<std::size_t>(length), 0);
        for (int i = masked + count; i < length; ++i) known[static_cast<std::size_t>(order[i])] = 1;
        std::vector<int> positions(order + masked, order + masked + count);
        std::sort(positions.begin(), positions.end());
        bool const conditional = branch == 0 && !run.at("labels").is_null();
        int const label = conditional ? run.at("labels").at(static_cast<std::size_t>(image)).get<int>() : -1;
        network.condition(label, tokens.data() + image * length * channels, known.data(), positions.data(), count, to,
                          work);
      }
    }
    float worst = 0.0F;
    for (std::size_t i = 0; i < z.size(); ++i) worst = std::fmax(worst, std::fabs(z[i] - expected[i]));
    INFO(z_name);
    CHECK(worst < 2e-5F);
    ++compared;
  }
  return compared;
}

void check_recording(std::filesystem::path const& stem) {
  std::filesystem::path const json_file = stem.string() + ".json";
  nlohmann::json const document = examples::read_json(json_file);
  examples::safetensors const recorded = examples::safetensors::read(stem.string() + ".safetensors");
  mar::backbone const network(mar::config::from_json(document, json_file), recorded);
  int compared = 0;
  for (nlohmann::json const& run : document.at("cases")) {
    if (recorded.contains(run.at("name").get<std::string>() + ".tokens")) {
      compared += check_case(network, recorded, run);
    }
  }
  CHECK(compared > 0);
}

}  // namespace

TEST_CASE("mar backbone: the recorded conditions of the test data") {
  std::filesystem::path const file = test::data("mar_tiny.json");
  check_recording(file.parent_path() / file.stem());
}

TEST_CASE("mar backbone: all recorded conditions") {
  if (auto const goldens = test::goldens()) {
    check_recording(*goldens / "mar_tiny");
  } else {
    test::skip("the full recordings do not stand beside the checkout");
  }
}

TEST_CASE("mar backbone: plain loops in double precision agree at odd sizes") {
  for (int const decoder_depth : {1, 2}) {
    tiny_mar::network const tiny(decoder_depth);
    mar::backbone const network = tiny.load();
    mar::backbone::scratch work(network);
    auto const width = static_cast<std::size_t>(network.condition_width());
    for (int const known_count : {0, 1, 5, 8}) {
      for (int const label : {-1, 0, 4}) {
        tiny_mar::image const picture(tiny, known_count, 100 + static_cast<unsigned>(known_count));
        naive_mar::rows const expected = tiny.reference.condition(label, picture.tokens, picture.known);
        for (int count = 1; count <= 9 - known_count; ++count) {
          // The first, then also the last, ... : the queried positions do not have to be neighbours.
          std::vector<int> const positions = picture.choose(count);
          std::vector<float> z(positions.size() * width);
          network.condition(label, picture.tokens.data(), picture.known.data(), positions.data(), count, z.data(),
                            work);
          double worst = 0.0;
          for (std::size_t i = 0; i < z.size(); ++i) {
            double const right = expected[static_cast<std::size_t>(positions[i / width])][i % width];
            worst = std::fmax(worst, std::fabs(z[i] - right));
          }
          CHECK(worst < 1e-5);
        }
      }
    }
  }
}

TEST_CASE("mar backbone: threads and earlier calls leave no trace in the bits") {
  tiny_mar::network const tiny(2);
  mar::backbone const network = tiny.load();
  auto const run = [&](mar::backbone::scratch& work, int known_count) {
    tiny_mar::image const picture(tiny, known_count, 7);
    std::vector<int> const positions = picture.choose(2);
    std::vector<float> z(2 * static_cast<std::size_t>(network.condition_width()));
    network.condition(3, picture.tokens.data(), picture.known.data(), positions.data(), 2, z.data(), work);
    return z;
  };
  mar::backbone::scratch fresh(network);
  std::vector<float> const alone = run(fresh, 4);
  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] {
      mar::backbone::scratch work(network);
      for (int known_count = 0; known_count < 7; ++known_count) run(work, known_count);
      result = run(work, 4);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (auto const& result : results) {
    CHECK(std::memcmp(result.data(), alone.data(), alone.size() * sizeof(float)) == 0);
  }
}
