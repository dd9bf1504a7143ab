// SPDX-License-Identifier: Apache-2.0
//
// Class labels as a user writes them: numbers, or the names in the model's JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace examples::mar {

/// @brief Reads a list of labels.
/// @param option the option it was given for, for messages
/// @param text comma-separated: numbers in [0, class_num), names (upper or lower case), or "all" alone
/// @param names the classes' names by label, or empty
/// @param class_num number of classes
/// @throws input_error naming the entry that is none of these
[[nodiscard]] std::vector<int> parse_labels(std::string const& option, std::string_view text,
                                            std::vector<std::string> const& names, int class_num);

}  // namespace examples::mar
