// SPDX-License-Identifier: Apache-2.0
//
// The recording `harmon_tiny`: whole runs of Harmon with DiSA's annealing.
#pragma once

#include "recording.hpp"

namespace examples::replay {

/// @brief Whether a document is that of `harmon_tiny`.
[[nodiscard]] bool holds_harmon(nlohmann::json const& document);

/// @brief Runs the cases, prints a line for each, and adds their results to the dump.
/// @return whether all passed
/// @throws input_error if the recording is not as it has to be
[[nodiscard]] bool replay_harmon(recording const& from, request const& what, safetensors_writer& dump);

}  // namespace examples::replay
