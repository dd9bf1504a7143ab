// SPDX-License-Identifier: Apache-2.0
//
// The folders in which GenEval looks for the pictures of prompts.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/pictures/picture.hpp"

namespace examples {

/// @brief Writes a picture of a prompt: FOLDER/00000/samples/0000.png, and beside the samples the prompt's entry as the
/// one line of metadata.jsonl. Source: Ghosh et al., GenEval, arXiv 2310.11513, its evaluation's input.
/// @param folder   there already
/// @param prompt   the prompt's index, from 0
/// @param sample   the picture's index among those of the prompt, from 0
/// @param entry    the prompt's line of GenEval's list, an object with "prompt" and what is to be checked
/// @param made     the picture
/// @throws input_error if it cannot be written
void write_geneval(std::filesystem::path const& folder, int prompt, int sample, nlohmann::json const& entry,
                   picture const& made);

/// @brief Where a picture of a prompt lies, FOLDER/00000/samples/0000.png.
[[nodiscard]] std::filesystem::path geneval_file(std::filesystem::path const& folder, int prompt, int sample);

}  // namespace examples
