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

template <class T>
void case_report::measure(std::string const& name, std::span<T const> values, std::span<T const> expected) {
  double largest = 0, largest_value = 0;
  std::vector<double>& differences = differences_[name.substr(name.rfind('.') + 1)];
  for (std::size_t i = 0; i < values.size(); ++i) {
    double difference = std::fabs(static_cast<double>(values[i]) - static_cast<double>(expected[i]));
    if (std::isnan(difference)) difference = std::numeric_limits<double>::infinity();
    differences.push_back(difference);
    largest = std::max(largest, difference);
    largest_value = std::max(largest_value, std::fabs(static_cast<double>(expected[i])));
  }
  relative_ = std::max(relative_, largest_value > 0 ? largest / largest_value : largest);
  of_one_ = std::max(of_one_, largest / std::max(1.0, largest_value));
  if (largest > largest_ || worst_.empty()) {
    largest_ = largest;
    worst_ = name;
  }
}

void case_report::add(std::string const& suffix, std::vector<std::int64_t> shape, std::vector<float> const& values,
                      std::optional<std::size_t> compare) {
  const std::string name = name_ + "." + suffix;
  if (recorded_.contains(name)) {
    const std::vector<float> expected = recorded_.floats(name, shape);
    const std::size_t count = compare.value_or(values.size());
    measure<float>(name, std::span(values).first(count), std::span(expected).first(count));
  }
  dump_.add(name, std::move(shape), std::span(values));
}

void case_report::add(std::string const& suffix, std::vector<std::int64_t> shape, std::vector<double> const& values,
                      std::optional<std::size_t> compare) {
  const std::string name = name_ + "." + suffix;
  if (recorded_.contains(name)) {
    const std::vector<double> expected = recorded_.doubles(name, shape);
    const std::size_t count = compare.value_or(values.size());
    measure<double>(name, std::span(values).first(count), std::span(expected).first(count));
  }
  dump_.add(name, std::move(shape), std::span(values));
}

void case_report::add(std::string const& suffix, std::vector<std::int64_t> shape,
                      std::vector<std::int64_t> const& values) {
  const std::string name = name_ + "." + suffix;
  if (recorded_.contains(name)) measure<std::int64_t>(name, values, recorded_.integers(name, shape));
  dump_.add(name, std::move(shape), std::span(values));
}

void case_report::compare(std::string const& suffix, std::vector<std::int64_t> const& shape,
                          std::span<float const> values) {
  const std::string name = name_ + "." + suffix;
  if (recorded_.contains(name)) measure<float>(name, values, recorded_.floats(name, shape));
}

bool case_report::print(judge by, double tolerance) const {
  if (differences_.empty()) {
    std::printf("%s: computed, no results recorded\n", name_.c_str());
    return true;
  }
  std::printf("%s: largest difference %.3g absolute, %.3g relative (%s)", name_.c_str(), largest_, relative_,
              worst_.c_str());
  bool passed = by == judge::relative          ? relative_ <= tolerance / 2
                : by == judge::relative_to_one ? of_one_ <= tolerance
                                               : largest_ <= tolerance;
  if (by == judge::median) {
    double worst = 0;
    for (auto const& [kind, differences] : differences_) {
      if (differences.empty()) continue;
      std::vector<double> sorted = differences;
      const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
      std::nth_element(sorted.begin(), middle, sorted.end());
      worst = std::max(worst, *middle);
    }
    std::printf(", median %.3g", worst);
    passed = worst < tolerance / 2 && std::isfinite(largest_);
  }
  std::printf("%s\n", passed ? "" : ": too large");
  return passed;
}

}  // namespace examples::replay
