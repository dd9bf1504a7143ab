// SPDX-License-Identifier: Apache-2.0
//
// What loading a checkpoint costs in memory, of a made-up one of tens of megabytes: nothing while it is only found and
// checked, and one packed copy of the weights afterwards, when the file's own pages are given back.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "mar/checkpoint.hpp"
#include "random_weights.hpp"
#include "support/environment.hpp"

namespace {

namespace mar = examples::mar;

constexpr int width = 256, blocks = 8, head_width = 512, head_blocks = 6, tokens = 16, channels = 4;

// The kilobytes of a line of /proc/self/status; nothing if there is no such line.
std::optional<long> kilobytes(std::string const& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stol(line.substr(name.size() + 1));
  }
  return std::nullopt;
}

void add_head(examples::safetensors_writer& to) {
  auto const add = [&](std::string const& name, std::vector<std::int64_t> const& shape) {
    std::int64_t count = 1;
    for (std::int64_t const n : shape) count *= n;
    to.add("diffloss.net." + name, shape, std::vector<float>(static_cast<std::size_t>(count), 0.01f));
  };
  auto const linear = [&](std::string const& name, int out, int in) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  };
  linear("time_embed.mlp.0", head_width, 256);
  linear("time_embed.mlp.2", head_width, head_width);
  linear("cond_embed", head_width, width);
  linear("input_proj", head_width, channels);
  for (int i = 0; i < head_blocks; ++i) {
    std::string const block = "res_blocks." + std::to_string(i) + ".";
    add(block + "in_ln.weight", {head_width});
    add(block + "in_ln.bias", {head_width});
    linear(block + "mlp.0", head_width, head_width);
    linear(block + "mlp.2", head_width, head_width);
    linear(block + "adaLN_modulation.1", 3 * head_width, head_width);
  }
  linear("final_layer.adaLN_modulation.1", 2 * head_width, head_width);
  linear("final_layer.linear", 2 * channels, head_width);
}

mar::model_files write_model(test::temporary_folder const& folder) {
  mar::model_files const files{folder / "made.safetensors", folder / "made.json"};
  examples::safetensors_writer writer;
  naive_mar::sizes const sizes{.tokens = tokens,
                               .channels = channels,
                               .buffer = 4,
                               .classes = 3,
                               .encoder_width = width,
                               .encoder_depth = blocks,
                               .encoder_heads = 4,
                               .encoder_hidden = 4 * width,
                               .decoder_width = width,
                               .decoder_depth = blocks,
                               .decoder_heads = 4,
                               .decoder_hidden = 4 * width};
  for (auto const& [name, tensor] : naive_mar::random_weights(sizes, 1).values) {
    writer.add(name, tensor.shape, std::span<float const>(tensor.values));
  }
  add_head(writer);
  writer.write(files.weights);
  bad_input::put(files.config, R"({"constructor": {"img_size": 8, "vae_stride": 1, "patch_size": 2,
    "encoder_embed_dim": 256, "encoder_depth": 8, "encoder_num_heads": 4, "decoder_embed_dim": 256,
    "decoder_depth": 8, "decoder_num_heads": 4, "mlp_ratio": 4.0, "vae_embed_dim": 1, "class_num": 3,
    "buffer_size": 4, "diffloss_d": 6, "diffloss_w": 512}})");
  return files;
}

// Memory of a kind with what of it the kernel has moved out of the way, in kilobytes.
long in_use(std::string const& kind) {
  return kilobytes(kind).value() + (kind == "RssAnon" ? kilobytes("VmSwap").value_or(0) : 0);
}

// The most that f's memory of a kind grows by in a process of its own, in megabytes (up to 250); f(peak) calls peak()
// whenever it wants to be measured.
template <class F>
int growth(std::string const& kind, F const& f) {
  return bad_input::in_child([&] {
    long const before = in_use(kind);
    long most = 0;
    f([&] { most = std::max(most, in_use(kind) - before); });
    return static_cast<int>(std::min(most / 1024, 250L));
  });
}

}  // namespace

TEST_CASE("mar: loading a checkpoint copies no weights but to pack them") {
  if (!kilobytes("RssAnon") || !kilobytes("RssFile")) {
    test::skip("/proc/self/status does not say what memory a process has");
    return;
  }
  test::temporary_folder const folder;
  // In a process of its own, whose memory is gone before anything is measured.
  REQUIRE(bad_input::in_child([&] {
            write_model(folder);
            return 0;
          }) == 0);
  mar::model_files const files{folder / "made.safetensors", folder / "made.json"};
  int const size = static_cast<int>(std::filesystem::file_size(files.weights) >> 20);
  REQUIRE(size > 50);
  CAPTURE(size);
  // For large pages, the program's own pages, a sanitizer's memory; less than a copy of the smaller network's weights.
  int const slack = size / 4;

  CHECK(growth("RssAnon", [&](auto const& peak) {
          mar::checkpoint const trained(files);
          peak();
        }) < slack);
  int const packed = growth("RssAnon", [&](auto const& peak) {
    mar::checkpoint const trained(files);
    auto const head = trained.head<float>();
    peak();
    trained.network().pack(mar::matrix_format::float32);
    peak();
  });
  // Else something else was measured. A quarter: under a sanitizer much of it is memory that was freed and kept before.
  CHECK(packed >= size / 4);
  CHECK(packed < size + slack);
  CHECK(growth("RssFile", [&](auto const& peak) {
          mar::checkpoint const trained(files);
          auto const head = trained.head<float>();
          trained.network().pack(mar::matrix_format::float32);
          peak();
        }) < slack);
}
