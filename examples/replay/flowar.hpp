// SPDX-License-Identifier: Apache-2.0
//
// The recordings `flowar_tiny` and `flowar_tiny_cross`: whole runs of FlowAR's sampling loop as annealed by DiSA.
#pragma once

#include "recording.hpp"

namespace examples::replay {

/// @brief Whether a document is one of theirs.
[[nodiscard]] bool holds_flowar(nlohmann::json const& document);

/// @brief Runs the cases, prints a line for each, and adds their results to the dump.
/// @return whether all passed
/// @throws input_error if the recording is not as it has to be
[[nodiscard]] bool replay_flowar(recording const& from, request const& what, safetensors_writer& dump);

}  // namespace examples::replay
