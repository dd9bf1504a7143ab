// SPDX-License-Identifier: Apache-2.0
//
// What an xAR network makes of a timestep before its weights come in.
#pragma once

#include <cmath>

namespace examples::xar {

/// @brief Numbers that stand for a timestep.
inline constexpr int sinusoids = 256;

/// @brief 128 cosines, then 128 sines, of timestep * 10000^(-k / 128), rounded where published code rounds.
/// @param features  [sinusoids], written
inline void write_sinusoids(int timestep, float* features) {
  constexpr int half = sinusoids / 2;
  for (int k = 0; k < half; ++k) {
    float const exponent = static_cast<float>(-std::log(10000.0)) * static_cast<float>(k) / static_cast<float>(half);
    float const frequency = static_cast<float>(std::exp(static_cast<double>(exponent)));
    auto const angle = static_cast<double>(static_cast<float>(timestep) * frequency);
    features[k] = static_cast<float>(std::cos(angle));
    features[half + k] = static_cast<float>(std::sin(angle));
  }
}

}  // namespace examples::xar
