// SPDX-License-Identifier: Apache-2.0
//
// Reads lists of class labels.
#include "labels.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <numeric>

#include "common/error.hpp"

namespace examples::mar {
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

}  // namespace examples::mar
