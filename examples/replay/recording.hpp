// SPDX-License-Identifier: Apache-2.0
//
// A recording of runs of published code: a JSON file with the configuration of each case, and a safetensors file with
// weights, noise, orders and (unless they were removed) the results.
#pragma once

#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"

#include <ardent/executor/host.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace examples::replay {

/// @brief The two files of a recording.
struct recording {
  std::filesystem::path file;  ///< the JSON file, for messages
  nlohmann::json document;     ///< its content
  safetensors tensors;         ///< weights, noise, orders, results
};

/// @brief What the user asked for, and where it runs.
struct request {
  std::vector<std::string> cases;          ///< names of the cases to run; empty for all
  double tolerance = 2e-4;                 ///< largest absolute difference from the recording
  ardent::executor::host const& executor;  ///< runs the kernels
};

/// @brief Calls a function for each entry of "cases" that the user asked for, in the order of the file.
/// @param from  the recording
/// @param what  names the cases
/// @param run   runs a case and returns whether it passed
/// @return whether all passed
/// @throws input_error if there are no cases, a case has no name, or a name asked for is not there; and if `run` finds
///         that a case asks for what no sampler can do (std::invalid_argument)
[[nodiscard]] bool run_cases(recording const& from, request const& what,
                             std::function<bool(nlohmann::json const&)> const& run);

/// @brief PREFIX and a number of at least that many digits, as the recordings name steps and draws: "draw007".
[[nodiscard]] std::string numbered(std::string const& prefix, int number, int digits);

/// @brief A recorded tensor of `rows` rows, or of twice as many (a guided run draws for both branches; what belongs to
/// the first comes first): the first `rows` rows. All dimensions but the last, which is `channels`, count as rows.
/// @throws input_error if it is missing or has another shape or a dtype that is not real
[[nodiscard]] std::vector<float> recorded_rows(safetensors const& tensors, std::string const& name, std::int64_t rows,
                                               std::int64_t channels);

}  // namespace examples::replay
