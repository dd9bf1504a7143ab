// SPDX-License-Identifier: Apache-2.0
//
// The condition layer with a column more.
#include "head.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace examples::far {

head::head(adaln_tensors const& tensors)
    : shape_(tensors.shape().channels(), tensors.shape().outputs(), tensors.shape().width(), tensors.shape().depth(),
             tensors.shape().condition_width() + 1),
      memory_(ardent::packed_bytes<float>(shape_)) {}

head::head(safetensors const& file, std::string const& prefix) : head(adaln_tensors(file, prefix)) {
  const adaln_tensors tensors(file, prefix);
  const int width = shape_.width(), numbers = condition_width();
  const std::vector<float> level = file.floats(prefix + "index_cond_embed.weight", {width, 1});
  std::vector<float> bias = file.floats(prefix + "index_cond_embed.bias", {width}), weight;
  ardent::adaln_weights weights = tensors.weights();
  for (int o = 0; o < width; ++o) {
    const auto row = static_cast<std::size_t>(o);
    float const* const from = weights.condition.weight + static_cast<std::ptrdiff_t>(o) * numbers;
    weight.insert(weight.end(), from, from + numbers);
    weight.push_back(level[row]);
    bias[row] += weights.condition.bias[o];
  }
  weights.condition = {weight.data(), bias.data()};
  ardent::pack_adaln<float>(shape_, weights, memory_.data());
}

}  // namespace examples::far
