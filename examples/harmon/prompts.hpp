// SPDX-License-Identifier: Apache-2.0
//
// Prompts as a user gives them: lines of JSON with text and token ids, or ids on the command line.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model.hpp"

namespace examples::harmon {

/// @brief A prompt and where it came from.
struct named_prompt {
  std::string text;      ///< what the user wrote; empty if there were only ids
  prompt ids;            ///< empty if there was only text
  std::string where;     ///< for messages
  nlohmann::json entry;  ///< the line it came from without its ids and masks, for evaluations; null if there is none
};

/// @brief The prompts of a run.
struct prompt_list {
  std::vector<named_prompt> prompts;          ///< at least one
  std::optional<named_prompt> unconditional;  ///< the prompt of the unconditional branch
};

/// @brief Token ids separated by commas, e.g. "151644,872,198".
/// @param option  the option it was given for, for messages
/// @throws input_error if it is not a list of numbers in [0, 2^31)
[[nodiscard]] prompt parse_ids(std::string const& option, std::string_view text);

/// @brief Reads a file with a JSON object in each line that is not blank.
///
/// Members: "prompt", the text; "ids", its token ids with the chat template; "unconditional_ids", the ids of the
/// unconditional prompt, the same wherever it is there. A line has "prompt" or "ids" or both; others may be there and
/// are ignored. Ids may be padded on the right, where "attention_mask" (or "unconditional_attention_mask") has 1 for
/// each that counts and 0 for the rest. prompts_to_ids.py writes such files.
/// @throws input_error naming file and line, if one is not as it has to be, or there is none
[[nodiscard]] prompt_list read_prompts(std::filesystem::path const& file);

}  // namespace examples::harmon
