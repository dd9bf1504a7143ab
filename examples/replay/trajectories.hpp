// SPDX-License-Identifier: Apache-2.0
//
// The recording `trajectories`: whole sampler runs of a small diffusion head and of analytic models.
#pragma once

#include "recording.hpp"

namespace examples::replay {

/// @brief Whether a document is that of `trajectories`.
[[nodiscard]] bool holds_trajectories(nlohmann::json const& document);

/// @brief Runs the cases, prints a line for each, and adds their results to the dump.
/// @return whether all passed
/// @throws input_error if the recording is not as it has to be
[[nodiscard]] bool replay_trajectories(recording const& from, request const& what, safetensors_writer& dump);

}  // namespace examples::replay
