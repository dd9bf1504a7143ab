// SPDX-License-Identifier: Apache-2.0
//
// What the three packers of an AdaLN head refuse alike: weights that are missing, not finite or too large for what they
// are stored as, wherever they stand; and memory that is not there or not aligned.
#include <doctest/doctest.h>
#include <ardent/denoiser/adaln_layout.hpp>
#include <ardent/denoiser/dense_adaln_layout.hpp>
#include <ardent/denoiser/shortcut_adaln_mlp.hpp>
#include <ardent/denoiser/tiled_adaln_layout.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "support/made_head.hpp"

namespace {

using ardent::bfloat16;
using ardent::float16;
using ardent::int8_weight;
namespace format = ardent::format;

/// A packer, and what it writes to.
template <class Storage>
struct host_packer {
  static constexpr char const* name = "ardent::pack_adaln";
  static constexpr bool reads_times = true;
  static constexpr bool overflows = std::is_same_v<Storage, bfloat16>;
  static std::size_t bytes(ardent::adaln_shape<> const& shape) { return ardent::packed_bytes<Storage>(shape); }
  static void pack(ardent::adaln_shape<> const& shape, ardent::adaln_weights const& from, void* memory) {
    ardent::pack_adaln<Storage>(shape, from, memory);
  }
};
template <class Format>
struct tiled_packer {
  static constexpr char const* name = "ardent::pack_tiled_adaln";
  static constexpr bool reads_times = false;
  static constexpr bool overflows = std::is_same_v<Format, format::bf16>;
  static std::size_t bytes(ardent::adaln_shape<> const& shape) { return ardent::tiled_bytes<Format>(shape); }
  static void pack(ardent::adaln_shape<> const& shape, ardent::adaln_weights const& from, void* memory) {
    ardent::pack_tiled_adaln<Format>(shape, from, memory);
  }
};
template <class Storage, class Between>
struct dense_packer {
  static constexpr char const* name = "ardent::pack_dense_adaln";
  static constexpr bool reads_times = false;
  static constexpr bool overflows = std::is_same_v<Storage, bfloat16>;
  static std::size_t bytes(ardent::adaln_shape<> const& shape) { return ardent::dense_bytes<Storage, Between>(shape); }
  static void pack(ardent::adaln_shape<> const& shape, ardent::adaln_weights const& from, void* memory) {
    ardent::pack_dense_adaln<Storage, Between>(shape, from, memory);
  }
};

/// A tensor of a head by name, and its place in the views.
struct tensor {
  std::string name;
  std::vector<float>* values;
  float const** view;
};

/// All tensors; those of the time embedding come last.
std::vector<tensor> tensors_of(test::made_head& head, ardent::adaln_weights& views) {
  std::vector<tensor> all;
  auto const layer = [&](std::string const& name, test::made_linear& made, ardent::linear_weights& view) {
    all.push_back({name + ".weight", &made.weight, &view.weight});
    all.push_back({name + ".bias", &made.bias, &view.bias});
  };
  layer("condition", head.condition, views.condition);
  layer("input", head.input, views.input);
  layer("output", head.output, views.output);
  layer("final_modulation", head.final_modulation, views.final_modulation);
  for (std::size_t d = 0; d < head.blocks.size(); ++d) {
    std::string const name = "blocks[" + std::to_string(d) + "].";
    all.push_back({name + "norm_weight", &head.blocks[d].norm_weight, &views.blocks[d].norm_weight});
    all.push_back({name + "norm_bias", &head.blocks[d].norm_bias, &views.blocks[d].norm_bias});
    layer(name + "mlp_in", head.blocks[d].mlp_in, views.blocks[d].mlp_in);
    layer(name + "mlp_out", head.blocks[d].mlp_out, views.blocks[d].mlp_out);
    layer(name + "modulation", head.blocks[d].modulation, views.blocks[d].modulation);
  }
  layer("time_in", head.time_in, views.time_in);
  layer("time_out", head.time_out, views.time_out);
  return all;
}

template <class Packer>
void check_refusals() {
  test::made_head head({3, 6, 24, 2, 5});
  ardent::adaln_weights views = head.views();
  test::aligned_bytes memory(Packer::bytes(head.shape));
  auto const pack = [&] { Packer::pack(head.shape, views, memory.data()); };
  CHECK_NOTHROW(pack());
  std::string const start = std::string(Packer::name) + ": expected ";
  auto const tensors = tensors_of(head, views);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    tensor const& t = tensors[i];
    CAPTURE(t.name);
    if (!Packer::reads_times && i + 4 >= tensors.size()) {  // whoever embeds the times looks at them
      *t.view = nullptr;
      CHECK_NOTHROW(pack());
      continue;
    }
    float& last = t.values->back();
    float const kept = last;
    for (float const bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
      last = bad;
      std::string const message = start + "finite weights that the type can hold, found " + std::to_string(bad) +
                                  " in " + t.name + ", element " + std::to_string(t.values->size() - 1);
      CHECK_THROWS_WITH_AS(pack(), message.c_str(), std::invalid_argument);
    }
    last = kept;
    float const* const view = *t.view;
    *t.view = nullptr;
    std::string const message = start + "numbers of " + t.name + ", found a null pointer";
    CHECK_THROWS_WITH_AS(pack(), message.c_str(), std::invalid_argument);
    *t.view = view;
  }
  // a finite float that is stored as an infinity
  head.blocks[1].mlp_in.weight[7] = std::numeric_limits<float>::max();
  if (Packer::overflows)
    CHECK_THROWS_WITH_AS(pack(), doctest::Contains("in blocks[1].mlp_in.weight, element 7"), std::invalid_argument);
  else
    CHECK_NOTHROW(pack());
  head.blocks[1].mlp_in.weight[7] = 0;
  CHECK_THROWS_WITH_AS(Packer::pack(head.shape, views, nullptr),
                       (start + "memory for the packed weights, found a null pointer").c_str(), std::invalid_argument);
  test::aligned_bytes more(Packer::bytes(head.shape) + 64);
  CHECK_THROWS_WITH_AS(Packer::pack(head.shape, views, more.data() + 32),
                       (start + "memory aligned to 64 bytes, found memory that is not").c_str(), std::invalid_argument);
  views.blocks.pop_back();
  CHECK_THROWS_WITH_AS(pack(), (start + "the weights of 2 blocks, found 1").c_str(), std::invalid_argument);
}

TEST_CASE("packers name the tensor that is missing or not finite, and want aligned memory") {
  check_refusals<host_packer<float>>();
  check_refusals<host_packer<bfloat16>>();
  check_refusals<host_packer<int8_weight>>();
  check_refusals<tiled_packer<format::bf16>>();
  check_refusals<tiled_packer<format::fp8>>();
  check_refusals<dense_packer<float, float>>();
  check_refusals<dense_packer<bfloat16, float>>();
}

TEST_CASE("packers hold each number to what it is stored as") {
  test::made_head head({3, 6, 24, 1, 5});
  auto const with = [&](float& number, auto const& body) {
    float const kept = number;
    number = 1e6f;
    body();
    number = kept;
  };
  auto const pack = [&]<class Packer>() {
    test::aligned_bytes memory(Packer::bytes(head.shape));
    Packer::pack(head.shape, head.views(), memory.data());
  };
  auto const refused = [&](char const* name) {
    return [name, &pack]<class Packer>() {
      CHECK_THROWS_WITH_AS(pack.template operator()<Packer>(),
                           doctest::Contains(("found 1000000.000000 in " + std::string(name)).c_str()),
                           std::invalid_argument);
    };
  };
  auto const mlp_bias = refused("blocks[0].mlp_in.bias"), modulation = refused("final_modulation.weight");
  with(head.final_modulation.weight[3], [&] {
    modulation.operator()<tiled_packer<format::fp16>>();
    modulation.operator()<dense_packer<float16, float>>();
    CHECK_NOTHROW(pack.operator()<tiled_packer<format::fp8>>());  // has scales
    CHECK_NOTHROW(pack.operator()<host_packer<int8_weight>>());
  });
  with(head.blocks[0].mlp_in.bias[3], [&] {
    mlp_bias.operator()<dense_packer<float16, float16>>();
    CHECK_NOTHROW(pack.operator()<dense_packer<float16, float>>());
    CHECK_NOTHROW(pack.operator()<tiled_packer<format::fp16>>());
  });
  with(head.output.weight[3], [&] {  // is kept in float
    CHECK_NOTHROW(pack.operator()<dense_packer<float16, float16>>());
    CHECK_NOTHROW(pack.operator()<tiled_packer<format::fp16>>());
  });
}

TEST_CASE("pack_rows and pack_step_size refuse what would be hidden") {
  float weights[] = {1, 2, 3, std::nanf("")};
  int8_weight narrow[ardent::packed_size<int8_weight>(2, 2)];
  float wide[ardent::packed_size<float>(2, 2)], scales[2];
  CHECK_THROWS_WITH_AS(ardent::pack_matrix(weights, 2, 2, narrow, scales),
                       "ardent::pack_rows: expected finite weights, found nan at output 1, input 1",
                       std::invalid_argument);
  ardent::pack_matrix(weights, 2, 2, wide);  // shows in every output
  CHECK(std::isnan(wide[ardent::panel_width + 1]));

  test::made_head head({3, 3, 24, 1, 5});
  test::aligned_bytes memory(ardent::step_size_layers(24, nullptr).bytes);
  auto const pack = [&] { ardent::pack_step_size(24, head.time_in.view(), head.time_out.view(), memory.data()); };
  CHECK_NOTHROW(pack());
  head.time_out.bias[5] = std::nanf("");
  CHECK_THROWS_WITH_AS(
      pack(),
      "ardent::pack_step_size: expected finite weights that the type can hold, found nan in out.bias, element 5",
      std::invalid_argument);
}

}  // namespace
