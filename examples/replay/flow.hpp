// SPDX-License-Identifier: Apache-2.0
//
// Cases of `trajectories` that ran the flow samplers of FlowAR and xAR on an analytic velocity, with a state of double.
#pragma once

#include "recording.hpp"

namespace examples::replay {

/// @brief Whether a case is one of these.
[[nodiscard]] bool is_flow(std::string const& kind);

/// @brief Runs a case.
/// @return its samples [tokens][channels] of the first B images, in the state's type
/// @throws input_error if the recording is not as it has to be
[[nodiscard]] std::vector<double> run_flow(recording const& from, request const& what, nlohmann::json const& one);

}  // namespace examples::replay
