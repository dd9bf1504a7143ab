// SPDX-License-Identifier: Apache-2.0
//
// Reads lists of class labels.
#include "labels.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "common/error.hpp"
#include "common/files/json.hpp"

namespace examples {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::vector<int> parse_labels(std::string const& option, std::string_view text, std::vector<std::string> const& names,
                              int class_num) {
  std::vector<int> labels;
  if (text == "all") {
    labels.resize(static_cast<std::size_t>(class_num));
    std::iota(labels.begin(), labels.end(), 0);
    return labels;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t const end = std::min(text.find(',', begin), text.size());
    std::string_view const entry = text.substr(begin, end - begin);
    begin = end + 1;

    auto const named =
        std::find_if(names.begin(), names.end(), [&](auto const& name) { return same_name(name, entry); });
    if (named != names.end()) {
      labels.push_back(static_cast<int>(named - names.begin()));
      continue;
    }
    int label = -1;
    auto const [stop, error] = std::from_chars(entry.data(), entry.data() + entry.size(), label);
    bool const number = error == std::errc{} && stop == entry.data() + entry.size();
    if (!number || label < 0 || label >= class_num) {
      std::string expected = "labels from 0 to " + std::to_string(class_num - 1);
      if (!names.empty()) expected += ", names such as " + printable(names.front(), 40);
      fail(option, expected + ", or all", "\"" + printable(entry, 40) + "\"");
    }
    labels.push_back(label);
  }
  return labels;
}

std::vector<int> balanced_labels(int images, int class_num) {
  std::vector<int> labels(static_cast<std::size_t>(images));
  int const rest = images % class_num, whole = images - rest;
  for (int i = 0; i < images; ++i) {
    bool const last_round = i >= whole;
    labels[static_cast<std::size_t>(i)] =
        last_round ? static_cast<int>(std::int64_t{i - whole} * class_num / rest) : i % class_num;
  }
  return labels;
}

std::vector<int> labels_of_images(std::string_view text, std::optional<int> images,
                                  std::vector<std::string> const& names, int class_num, int most) {
  bool const balanced = text == "balanced";
  std::vector<int> const listed = parse_labels("--labels", balanced ? std::string_view("all") : text, names, class_num);
  std::size_t const count = images ? static_cast<std::size_t>(*images) : listed.size();
  if (count > static_cast<std::size_t>(most))
    fail("--images", "at most " + std::to_string(most) + " of this model", std::to_string(count));
  if (balanced) return balanced_labels(static_cast<int>(count), class_num);
  std::vector<int> labels;
  for (std::size_t i = 0; i < count; ++i) labels.push_back(listed[i % listed.size()]);
  return labels;
}

int read_class_num(nlohmann::json const& document, int rows, int otherwise, std::filesystem::path const& file) {
  nlohmann::json const& arguments = member(document, "constructor", file);
  if (!arguments.contains("class_num")) return std::max(otherwise, 1);
  return static_cast<int>(integer_member(arguments, "class_num", 1, rows, file));
}

std::vector<std::string> read_label_names(nlohmann::json const& document, int class_num,
                                          std::filesystem::path const& file) {
  std::vector<std::string> names;
  if (!document.contains("labels")) return names;
  std::string const expected = "\"labels\" to be " + std::to_string(class_num) + " strings";
  nlohmann::json const& labels = document["labels"];
  if (!labels.is_array() || labels.size() != static_cast<std::size_t>(class_num)) {
    fail(file, expected, labels.is_array() ? std::to_string(labels.size()) + " entries" : labels.type_name());
  }
  for (nlohmann::json const& label : labels) {
    if (!label.is_string()) fail(file, expected, label.type_name());
    names.push_back(label.get<std::string>());
  }
  return names;
}

}  // namespace examples
