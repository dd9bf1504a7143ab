// SPDX-License-Identifier: Apache-2.0
//
// The recording `xar_tiny`: whole runs of xAR with DiSA's annealing.
#pragma once

#include "recording.hpp"

namespace examples::replay {

/// @brief Whether a document is that of `xar_tiny`.
[[nodiscard]] bool holds_xar(nlohmann::json const& document);

/// @brief Runs the cases, prints a line for each, and adds their results to the dump.
/// @return whether all passed
/// @throws input_error if the recording is not as it has to be
[[nodiscard]] bool replay_xar(recording const& from, request const& what, safetensors_writer& dump);

}  // namespace examples::replay
