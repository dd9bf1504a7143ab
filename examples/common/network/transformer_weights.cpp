// SPDX-License-Identifier: Apache-2.0
//
// Finding a transformer's tensors in a file.
#include "transformer_weights.hpp"

#include <cassert>

namespace examples::transformer {

linear linear::load(safetensors const& file, std::string const& prefix, int out, int in) {
  return {out, in, file.tensor(prefix + ".weight", {out, in}), file.tensor(prefix + ".bias", {out})};
}

linear linear::load_unbiased(safetensors const& file, std::string const& prefix, int out, int in) {
  return {out, in, file.tensor(prefix + ".weight", {out, in}), {}};
}

layer_norm layer_norm::load(safetensors const& file, std::string const& prefix, int width) {
  return {width, file.tensor(prefix + ".weight", {width}), file.tensor(prefix + ".bias", {width})};
}

block block::load(safetensors const& file, std::string const& prefix, int width, int heads, int hidden) {
  assert(heads > 0 && width % heads == 0);
  return {heads,
          layer_norm::load(file, prefix + ".norm1", width),
          linear::load(file, prefix + ".attn.qkv", 3 * width, width),
          linear::load(file, prefix + ".attn.proj", width, width),
          layer_norm::load(file, prefix + ".norm2", width),
          linear::load(file, prefix + ".mlp.fc1", hidden, width),
          linear::load(file, prefix + ".mlp.fc2", width, hidden)};
}

}  // namespace examples::transformer
