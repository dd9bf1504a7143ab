// SPDX-License-Identifier: Apache-2.0
//
// The recorded step tables, schedules.json: the full recording where it stands beside the checkout, else the copy
// under tests/data.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace test {

/// @brief One entry of the recording.
class schedule {
 public:
  /// @brief A list of numbers.
  /// @throws std::out_of_range if the entry has none of this name
  std::vector<double> const& list(std::string const& name) const { return lists.at(name); }
  /// @brief A list of whole numbers.
  std::vector<int> whole(std::string const& name) const {
    std::vector<double> const& from = list(name);
    return {from.begin(), from.end()};
  }
  /// @brief A number.
  double value(std::string const& name) const { return values.at(name); }
  /// @brief A whole number.
  int count(std::string const& name) const { return static_cast<int>(value(name)); }
  /// @brief A word.
  std::string const& word(std::string const& name) const { return words.at(name); }

  std::map<std::string, std::vector<double>> lists;  ///< the lists by name
  std::map<std::string, double> values;              ///< the numbers by name
  std::map<std::string, std::string> words;          ///< the words by name
};

/// @brief The entries of one part of the recording ("respaced", "annealing", ...); never none.
/// @throws std::runtime_error if there is no recording, or the part is missing or empty
std::vector<schedule> const& schedules(std::string const& part);

}  // namespace test
