// SPDX-License-Identifier: Apache-2.0
//
// The results of a case: written to the dump under their recorded names, compared with the recording where it has them.
#pragma once

#include "common/files/safetensors.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace examples::replay {

/// @brief By what a case passes or fails.
enum class judge {
  largest,   ///< the largest absolute difference, against the tolerance
  median,    ///< the median one of each kind of tensor, against half the tolerance: for samplers that start at the last
             ///< training step, where x0 = 20291 (x - epsilon) magnifies the rounding of a few values
  relative,  ///< the largest difference over the tensor's largest value, against half the tolerance: for states that
             ///< are not of size 1
  relative_to_one,  ///< the largest difference over the tensor's largest value, or over 1 where that is less, against
                    ///< the tolerance
};

/// @brief Collects the results of one case.
class case_report {
 public:
  /// @param recorded  the recording, with or without results
  /// @param dump      gets all results
  /// @param name      the case
  case_report(safetensors const& recorded, safetensors_writer& dump, std::string name);

  /// @brief Adds a result.
  /// @param suffix   its name behind the case's and a dot
  /// @param shape    as in the recording
  /// @param values   all of it
  /// @param compare  how many of the leading values are to be compared; all if not given
  /// @throws input_error if the recording has it in another shape
  void add(std::string const& suffix, std::vector<std::int64_t> shape, std::vector<float> const& values,
           std::optional<std::size_t> compare = {});
  /// @brief The same of doubles.
  void add(std::string const& suffix, std::vector<std::int64_t> shape, std::vector<double> const& values,
           std::optional<std::size_t> compare = {});
  /// @brief The same of integers.
  void add(std::string const& suffix, std::vector<std::int64_t> shape, std::vector<std::int64_t> const& values);

  /// @brief Adds a result that has to be the recorded one: a number that is not fails the case.
  void add_exact(std::string const& suffix, std::vector<std::int64_t> shape, std::vector<std::int64_t> const& values);

  /// @brief Compares an intermediate value that is not a result, if the recording has it.
  void compare(std::string const& suffix, std::vector<std::int64_t> const& shape, std::span<float const> values);

  /// @brief Prints a line on standard output.
  /// @return whether the case passes; true if the recording had nothing to compare with
  [[nodiscard]] bool print(judge by, double tolerance) const;

 private:
  template <class T>
  void measure(std::string const& name, std::span<T const> values, std::span<T const> expected);

  safetensors const& recorded_;
  safetensors_writer& dump_;
  std::string name_;
  std::map<std::string, std::vector<double>> differences_;  // by the last word of the tensor's name
  std::string worst_;                                       // the tensor with the largest difference
  double largest_ = 0;     // the largest difference; infinite if a value is not a number
  double relative_ = 0;    // the largest one over the largest recorded value of its tensor
  double of_one_ = 0;      // the same, over 1 where that is less than 1
  std::size_t wrong_ = 0;  // numbers of exact results that are not as recorded
  std::size_t exact_ = 0;  // numbers of exact results
};

}  // namespace examples::replay
