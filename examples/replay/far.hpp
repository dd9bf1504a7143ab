// SPDX-License-Identifier: Apache-2.0
//
// The recording `far_tiny`: whole runs of Frequency AR (arXiv 2503.05305), with masks and without, its schedules and
// its resizings.
#pragma once

#include "recording.hpp"

namespace examples::replay {

/// @brief Whether a document is one of theirs.
[[nodiscard]] bool holds_far(nlohmann::json const& document);

/// @brief Runs the cases, prints a line for each, and adds their results to the dump. If no case is named, the tables
/// and the resizings are compared too.
/// @return whether all passed
/// @throws input_error if the recording is not as it has to be
[[nodiscard]] bool replay_far(recording const& from, request const& what, safetensors_writer& dump);

/// @brief Compares the tables of guidance, temperature and hidden tokens with what the policies say, and prints a line.
/// @return whether all are as recorded; true if there are none
/// @throws input_error if they are not as they have to be
[[nodiscard]] bool replay_far_tables(recording const& from);

/// @brief Compares the recorded resizings, and prints a line.
/// @return whether all are as recorded; true if there are none
/// @throws input_error if they are not as they have to be
[[nodiscard]] bool replay_far_resizings(recording const& from, request const& what, safetensors_writer& dump);

}  // namespace examples::replay
