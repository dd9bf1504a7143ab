// SPDX-License-Identifier: Apache-2.0
//
// The recording `lazymar_tiny`: whole runs of MAR with LazyMAR's caches, and the same without them.
#pragma once

#include "recording.hpp"

namespace examples::replay {

/// @brief Whether a document is that of `lazymar_tiny`.
[[nodiscard]] bool holds_lazymar(nlohmann::json const& document);

/// @brief Runs the cases, with caches and without, prints a line for each, and adds their results to the dump.
/// @return whether all passed; rows of the decoder that are kept have to be the recorded ones, whatever the tolerance
/// @throws input_error if the recording is not as it has to be
[[nodiscard]] bool replay_lazymar(recording const& from, request const& what, safetensors_writer& dump);

}  // namespace examples::replay
