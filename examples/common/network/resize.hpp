// SPDX-License-Identifier: Apache-2.0
//
// A map of tokens at another size, as FlowAR and Frequency AR resize: bicubic to a side in the middle, then means. Both
// act on rows and columns apart and are linear, so one small matrix a pair of sides does both.
#pragma once

#include <vector>

namespace examples {

/// @brief The weights with which places of a map enter those of the next, along one side.
///
/// Bicubic with a = -0.75, half-pixel centres and clamped borders, without widening where it shrinks; then the mean of
/// the places that a place of the next map overlaps. With from = middle the first changes nothing, with to = middle the
/// second.
/// @param from    side of the map, at least 1
/// @param to      side of the next map, at least 1
/// @param middle  side of the map between the two resizings, at least 1; FlowAR's is 16 whatever its scales
/// @return [to][from]
[[nodiscard]] std::vector<float> resize_weights(int from, int to, int middle = 16);

/// @brief Resizes a map along both sides.
/// @param weights   [to][from]
/// @param x         [from][from][channels]
/// @param between   [to][from][channels], scratch
/// @param y         [to][to][channels], written
void resize(std::vector<float> const& weights, int from, int to, int channels, float const* x, float* between,
            float* y);

}  // namespace examples
