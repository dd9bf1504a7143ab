// SPDX-License-Identifier: Apache-2.0
//
// The recording `schedules.json`: step tables, annealing, decoding order.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

namespace examples::replay {

/// @brief Whether a document is that of `schedules.json`.
[[nodiscard]] bool holds_schedules(nlohmann::json const& document);

/// @brief Computes every table, prints a line for each kind, and writes them.
///
/// Integers and what published code rounds to float (annealing, orders, guidance) have to be equal, other numbers
/// within 1e-12 max(1, |recorded|).
/// @param file  the recording; results may have been removed from it
/// @param dump  where the tables go, in the structure of the recording; nowhere if not given
/// @return whether all passed
/// @throws input_error if the recording is not as it has to be, or the dump cannot be written
[[nodiscard]] bool replay_schedules(std::filesystem::path const& file,
                                    std::optional<std::filesystem::path> const& dump);

}  // namespace examples::replay
