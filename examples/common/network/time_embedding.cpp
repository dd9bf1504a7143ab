// SPDX-License-Identifier: Apache-2.0
//
// Cosines, sines and two layers.
#include "time_embedding.hpp"

#include <cmath>

#include "modulated_block.hpp"

namespace examples::transformer {

time_embedding time_embedding::load(safetensors const& file, std::string const& prefix, int width) {
  return {linear::load(file, prefix + ".mlp.0", width, sinusoids), linear::load(file, prefix + ".mlp.2", width, width)};
}

packed_time_embedding pack(packer& by, time_embedding const& from) {
  return {by.add<float>(from.in), by.add<float>(from.out)};
}

void embed_time(packed_time_embedding const& layer, float time, float* to, float* scratch, workspace& work) {
  constexpr int half = time_embedding::sinusoids / 2;
  float* const hidden = scratch + time_embedding::sinusoids;
  for (int k = 0; k < half; ++k) {
    // exponent, frequency and angle are rounded as published code rounds them
    float const exponent = static_cast<float>(-std::log(10000.0)) * static_cast<float>(k) / static_cast<float>(half);
    float const angle = time * static_cast<float>(std::exp(static_cast<double>(exponent)));
    scratch[k] = static_cast<float>(std::cos(static_cast<double>(angle)));
    scratch[half + k] = static_cast<float>(std::sin(static_cast<double>(angle)));
  }
  apply(layer.in, scratch, 1, hidden, work);
  silu(hidden, layer.width(), hidden, work);
  apply(layer.out, hidden, 1, to, work);
}

}  // namespace examples::transformer
