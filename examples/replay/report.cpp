// SPDX-License-Identifier: Apache-2.0
//
// Differences and the lines that say them.
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

namespace examples::replay {

case_report::case_report(safetensors const& recorded, safetensors_writer& dump, std::string name)
    : recorded_(recorded), dump_(dump), name_(std::move(name)) {}

void case_report::add(std::string const& suffix, std::vector<std::int64_t> shape, std::vector<float> const& values,
                      std::optional<std::size_t> compare) {
  const std::string name = name_ + "." + suffix;
  if (recorded_.contains(name)) {
    const std::vector<float> expected = recorded_.floats(name, shape);
    const std::size_t count = compare.value_or(values.size());
    measure(name, std::span(values).first(count), std::span(expected).first(count));
  }
  dump_.add(name, std::move(shape), std::span(values));
}

void case_report::compare(std::string const& suffix, std::vector<std::int64_t> const& shape,
                          std::span<float const> values) {
  const std::string name = name_ + "." + suffix;
  if (recorded_.contains(name)) measure(name, values, recorded_.floats(name, shape));
}

void case_report::measure(std::string const& name, std::span<float const> values, std::span<float const> expected) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    double difference = std::fabs(static_cast<double>(values[i]) - static_cast<double>(expected[i]));
    if (std::isnan(difference)) difference = std::numeric_limits<double>::infinity();
    differences_.push_back(difference);
    largest_value_ = std::max(largest_value_, std::fabs(static_cast<double>(expected[i])));
    if (difference > largest_ || worst_.empty()) {
      largest_ = difference;
      worst_ = name;
    }
  }
}

bool case_report::print(judge by, double tolerance) const {
  if (differences_.empty()) {
    std::printf("%s: computed, no results recorded\n", name_.c_str());
    return true;
  }
  const double relative = largest_value_ > 0 ? largest_ / largest_value_ : largest_;
  std::printf("%s: largest difference %.3g absolute, %.3g relative (%s)", name_.c_str(), largest_, relative,
              worst_.c_str());
  bool passed = largest_ <= tolerance;
  if (by == judge::median) {
    std::vector<double> sorted = differences_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    std::printf(", median %.3g", *middle);
    passed = *middle < tolerance / 2 && std::isfinite(largest_);
  }
  std::printf("%s\n", passed ? "" : ": too large");
  return passed;
}

}  // namespace examples::replay
