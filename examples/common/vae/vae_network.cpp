// SPDX-License-Identifier: Apache-2.0
//
// Finding a VAE decoder's weights in their file, and packing them.
#include "vae_network.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "common/error.hpp"
#include "common/network/transformer_packing.hpp"

namespace examples::vae {
namespace {

// What the encoder and its training leave in a checkpoint.
constexpr std::array<std::string_view, 3> ignored = {"encoder.", "quant_conv.", "loss."};

}  // namespace

// Lays out the network twice: for its size, and to write it. Each tensor is looked for and checked once.
class network::loader {
 public:
  explicit loader(safetensors const& file) : file_(file) {}

  // From now on to this memory; null to add up sizes.
  void begin(std::byte* memory) {
    by_ = transformer::packer(memory);
    writing_ = memory != nullptr;
    tasks_.clear();
  }
  [[nodiscard]] std::size_t used() const { return by_.used(); }
  void write() const {
    by_.write();
    transformer::run_all(tasks_);
  }

  group_norm norm(std::string const& name, int width) {
    return {width, by_.add(tensor(name + ".weight", {width})), by_.add(tensor(name + ".bias", {width}))};
  }

  convolution conv(std::string const& name, int out, int in, int side) {
    float_tensor const weight = tensor(name + ".weight", {out, in, side, side});
    int const taps = side * side;
    convolution to{side, {}};
    to.taps.inputs = taps * in;
    to.taps.outputs = out;
    float* const data = by_.room(ardent::packed_size<float>(taps * in, out));
    to.taps.data = data;
    to.taps.bias = by_.add(tensor(name + ".bias", {out}));
    if (writing_) {
      tasks_.push_back([weight, taps, in, out, data] {
        float_values const values = weight.values();
        std::vector<float> one(static_cast<std::size_t>(taps) * static_cast<std::size_t>(in));
        auto const row = [&](int n) {  // from [in][taps] to [taps][in]
          float const* const from = values.data() + static_cast<std::ptrdiff_t>(n) * taps * in;
          for (int c = 0; c < in; ++c)
            for (int tap = 0; tap < taps; ++tap) one[static_cast<std::size_t>(tap * in + c)] = from[c * taps + tap];
          return static_cast<float const*>(one.data());
        };
        ardent::pack_rows(row, taps * in, out, data);
        weight.release();
      });
    }
    return to;
  }

  residual_block block(std::string const& name, int in, int out) {
    // members in the order of their initialisation
    return {norm(name + ".norm1", in), conv(name + ".conv1", out, in, 3), norm(name + ".norm2", out),
            conv(name + ".conv2", out, out, 3), in == out ? convolution{} : conv(name + ".nin_shortcut", out, in, 1)};
  }

  attention_block attention(std::string const& name, int width) {
    return {norm(name + ".norm", width), conv(name + ".q", width, width, 1), conv(name + ".k", width, width, 1),
            conv(name + ".v", width, width, 1), conv(name + ".proj_out", width, width, 1)};
  }

  // A network with more blocks, or with attention in other places, would otherwise run as another one.
  void check_nothing_left_over() const {
    for (std::string const& name : file_.names()) {
      if (found_.contains(name)) continue;
      bool known = false;
      for (std::string_view const prefix : ignored) known = known || name.starts_with(prefix);
      if (!known)
        fail(file_.path(), "no tensors but those of a VAE decoder with the configuration's sizes",
             "tensor " + printable(name));
    }
  }

 private:
  float_tensor const& tensor(std::string const& name, std::vector<std::int64_t> const& shape) {
    auto const at = found_.find(name);
    return at != found_.end() ? at->second : found_.emplace(name, file_.tensor(name, shape)).first->second;
  }

  safetensors const& file_;
  std::map<std::string, float_tensor> found_;
  transformer::packer by_{nullptr};
  bool writing_ = false;
  std::vector<std::function<void()>> tasks_;
};

void network::lay_out(loader& from) {
  int const last = sizes.levels() - 1, widest = sizes.width(last);
  post_quant_conv = from.conv("post_quant_conv", sizes.embed_dim, sizes.embed_dim, 1);
  conv_in = from.conv("decoder.conv_in", widest, sizes.embed_dim, 3);
  mid_1 = from.block("decoder.mid.block_1", widest, widest);
  mid_attention = from.attention("decoder.mid.attn_1", widest);
  mid_2 = from.block("decoder.mid.block_2", widest, widest);
  up.assign(static_cast<std::size_t>(sizes.levels()), {});
  for (int i = last, in = widest; i >= 0; in = sizes.width(i--)) {
    level& to = up[static_cast<std::size_t>(i)];
    std::string const name = "decoder.up." + std::to_string(i);
    int const width = sizes.width(i);
    for (int block = 0; block <= sizes.num_res_blocks; ++block)
      to.blocks.push_back(from.block(name + ".block." + std::to_string(block), block == 0 ? in : width, width));
    if (i > 0) to.upsample = from.conv(name + ".upsample.conv", width, width, 3);
  }
  norm_out = from.norm("decoder.norm_out", sizes.width(0));
  conv_out = from.conv("decoder.conv_out", sizes.out_ch, sizes.width(0), 3);
}

network::network(vae_config const& config, safetensors const& weights) : sizes(config) {
  loader from(weights);
  from.begin(nullptr);
  lay_out(from);
  from.check_nothing_left_over();
  memory_ = aligned_memory(from.used());
  from.begin(memory_.data());
  lay_out(from);
  from.write();
}

}  // namespace examples::vae
