// SPDX-License-Identifier: Apache-2.0
//
// Class labels as a user writes them: numbers, or the names in the model's JSON. And the labels of many images.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace examples {

/// @brief Reads a list of labels.
/// @param option the option it was given for, for messages
/// @param text comma-separated: numbers in [0, class_num), names (upper or lower case), or "all" alone
/// @param names the classes' names by label, or empty
/// @param class_num number of classes
/// @throws input_error naming the entry that is none of these
[[nodiscard]] std::vector<int> parse_labels(std::string const& option, std::string_view text,
                                            std::vector<std::string> const& names, int class_num);

/// @brief Labels of `images` images spread evenly over all classes: whole rounds through the classes, then every
/// so-many-th class. Each class has floor(images / class_num) images or one more.
/// @param images at least 1
/// @param class_num number of classes, at least 1
[[nodiscard]] std::vector<int> balanced_labels(int images, int class_num);

/// @brief The labels of a drawing.
/// @param text as parse_labels has it, or "balanced": balanced_labels
/// @param images number of images, labels in turn; nothing: one for each label
/// @param names, class_num as parse_labels
/// @param most images that can be drawn
/// @throws input_error naming --labels or --images
[[nodiscard]] std::vector<int> labels_of_images(std::string_view text, std::optional<int> images,
                                                std::vector<std::string> const& names, int class_num, int most);

/// @brief Number of classes that a user may ask for: "class_num" of a model's "constructor".
/// @param rows of the network's class table
/// @param otherwise without that member
/// @throws input_error if it is not in [1, rows]
[[nodiscard]] int read_class_num(nlohmann::json const& document, int rows, int otherwise,
                                 std::filesystem::path const& file);

/// @brief Reads the member "labels" of a model's JSON: the classes' names by label.
/// @return empty if there is no such member
/// @throws input_error if it is not class_num strings
[[nodiscard]] std::vector<std::string> read_label_names(nlohmann::json const& document, int class_num,
                                                        std::filesystem::path const& file);

}  // namespace examples
