// SPDX-License-Identifier: Apache-2.0
//
// From one scale's map to the size of the next: bicubic to 16 x 16, then the mean over each token of the next map. Both
// act on rows and columns apart and are linear, so one small matrix a pair of sides does both.
#pragma once

#include <vector>

namespace examples::flowar {

/// @brief Side of the map between the two resizings, whatever the sides of the scales.
inline constexpr int middle_side = 16;

/// @brief The weights with which places of a map enter those of the next, along one side.
///
/// Bicubic with a = -0.75, half-pixel centres and clamped borders, without widening where it shrinks; then the mean of
/// the places that a place of the next map overlaps.
/// @param from  side of the map, at least 1
/// @param to    side of the next map, at least 1
/// @return [to][from]
[[nodiscard]] std::vector<float> resize_weights(int from, int to);

/// @brief Resizes a map along both sides.
/// @param weights   [to][from]
/// @param x         [from][from][channels]
/// @param between   [to][from][channels], scratch
/// @param y         [to][to][channels], written
void resize(std::vector<float> const& weights, int from, int to, int channels, float const* x, float* between,
            float* y);

}  // namespace examples::flowar
