// SPDX-License-Identifier: Apache-2.0
//
// cspd.json: continuous speculative decoding's acceptance rule on small tensors, with its draws in order.
#pragma once

#include "common/files/json.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace examples::replay {

/// @brief Whether a document is cspd.json: the last steps of a draft and a target, and cases with an inner temperature.
[[nodiscard]] bool holds_cspd(nlohmann::json const& document);

/// @brief Verifies the draft's tokens by the library's acceptance rule with the recorded draws, and compares ratios,
/// decisions and results with the recorded ones; and the AR steps at which the runner verifies.
/// @param file       the file, for messages
/// @param document   its content
/// @param cases      names of the cases to run, "case_0" and so on in the order of the file; empty for all
/// @param tolerance  largest difference over max(1, the recorded magnitude); decisions and counts have to be equal
/// @param dump       where the document goes with what was computed in place of what was recorded, as JSON; or nothing.
///                   null stands for what the recorded draws do not determine: recordings keep the first of many only
/// @return whether all are within the tolerance
/// @throws input_error if the document is not as it has to be, or there is no case of a name
[[nodiscard]] bool replay_cspd(std::filesystem::path const& file, nlohmann::json const& document,
                               std::vector<std::string> const& cases, double tolerance,
                               std::optional<std::filesystem::path> const& dump);

}  // namespace examples::replay
