// SPDX-License-Identifier: Apache-2.0
//
// Frequency AR's schedules and resizings, each compared by itself.
#include "far.hpp"

#include "report.hpp"

#include "common/error.hpp"
#include "common/network/resize.hpp"

#include <ardent/guidance/linear_open.hpp>
#include <ardent/ordering/next_frequency.hpp>
#include <ardent/temperature/temperature.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>

namespace examples::replay {

namespace {

constexpr int large = 1 << 20;

/// The largest difference between a recorded list and what a function says at 0, 1, ...
template <class F>
double difference(nlohmann::json const& table, char const* key, std::size_t count, std::filesystem::path const& file,
                  F const& expected) {
  nlohmann::json const& list = member(table, key, file);
  if (!list.is_array() || list.size() != count)
    fail(file, std::string(key) + " to be a list of " + std::to_string(count) + " numbers", printable(list.dump(), 40));
  double largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!list[i].is_number()) fail(file, std::string("numbers in ") + key, printable(list[i].dump(), 40));
    const double apart = std::fabs(list[i].get<double>() - expected(static_cast<int>(i)));
    largest = std::isfinite(apart) ? std::max(largest, apart) : std::numeric_limits<double>::infinity();
  }
  return largest;
}

double compare_table(nlohmann::json const& table, std::filesystem::path const& file) {
  const std::string variant = string_member(table, "variant", file);
  const bool masked = variant == "mask";
  if (!masked && variant != "nomask")
    fail(file, "variant \"mask\" or \"nomask\"", "\"" + printable(variant, 40) + "\"");
  nlohmann::json const& levels = member(table, "levels", file);
  const std::size_t count = levels.is_array() ? levels.size() : 0;
  const auto n = static_cast<int>(std::min<std::size_t>(count, large));
  if (n < 1) fail(file, "levels to be a list", printable(levels.dump(), 40));
  const ardent::guidance::linear_open guidance(number_member(table, "cfg", file));
  const ardent::temperature::linear_open rising(0.85, number_member(table, "temperature", file));
  const ardent::temperature::cosine late(0.8, 1.0);
  const auto at = [n](int i) { return ardent::ar_progress{i, n, 0, 1}; };
  const double scales = difference(table, "cfg_iter", count, file, [&](int i) { return guidance.scale(at(i)); });
  const double factors = difference(table, "temperature_iter", count, file,
                                    [&](int i) { return masked ? rising.factor(at(i)) : late.factor(at(i)); });
  double hidden = 0;
  if (masked) {
    const auto tokens = static_cast<int>(integer_member(table, "seq_len", 1, large, file));
    hidden = difference(table, "mask_len_after_step", count, file,
                        [&](int i) { return static_cast<double>(ardent::ordering::hidden_tokens(tokens, i + 1, n)); });
  }
  return std::max({scales, factors, hidden});
}

/// [channels][side][side] as [side][side][channels], or back.
std::vector<float> swapped(std::vector<float> const& x, std::size_t first, std::size_t last) {
  std::vector<float> y(x.size());
  for (std::size_t i = 0; i < first; ++i)
    for (std::size_t j = 0; j < last; ++j) y[j * first + i] = x[i * last + j];
  return y;
}

}  // namespace

bool replay_far_tables(recording const& from) {
  if (!from.document.contains("tables")) return true;
  nlohmann::json const& tables = from.document.at("tables");
  if (!tables.is_array()) fail(from.file, "tables to be a list", printable(tables.dump(), 40));
  double largest = 0;
  for (nlohmann::json const& table : tables) largest = std::max(largest, compare_table(table, from.file));
  const bool passed = largest <= 1e-12;
  std::printf("tables: %zu of them, largest difference %.3g%s\n", tables.size(), largest, passed ? "" : ": too large");
  return passed;
}

bool replay_far_resizings(recording const& from, request const& what, safetensors_writer& dump) {
  if (!from.tensors.contains("resize.in")) return true;
  const std::vector<std::int64_t> shape = from.tensors.shape("resize.in");
  if (shape.size() != 4 || shape[0] != 1 || shape[1] < 1 || shape[2] < 1 || shape[2] > 1024 || shape[3] != shape[2])
    fail(from.tensors.path(), "resize.in to have the shape [1, channels, side, side]",
         std::to_string(shape.size()) + " dimensions, or others");
  const auto channels = static_cast<int>(shape[1]), side = static_cast<int>(shape[2]);
  const std::vector<float> picture = swapped(from.tensors.floats("resize.in"), static_cast<std::size_t>(channels),
                                             static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  case_report report(from.tensors, dump, "resize");
  for (int level = 1; level <= side; ++level) {
    const std::string area = numbered("area", level, 2), up = numbered("up", level, 2);
    if (!from.tensors.contains("resize." + area) && !from.tensors.contains("resize." + up)) continue;
    const auto places = static_cast<std::size_t>(level) * static_cast<std::size_t>(level);
    std::vector<float> between(picture.size()), small(places * static_cast<std::size_t>(channels));
    std::vector<float> again(picture.size());
    resize(resize_weights(side, level, side), side, level, channels, picture.data(), between.data(), small.data());
    resize(resize_weights(level, side, side), level, side, channels, small.data(), between.data(), again.data());
    report.add(area, {1, channels, level, level}, swapped(small, places, static_cast<std::size_t>(channels)));
    report.add(up, {1, channels, side, side},
               swapped(again, static_cast<std::size_t>(side) * static_cast<std::size_t>(side),
                       static_cast<std::size_t>(channels)));
  }
  return report.print(judge::relative_to_one, what.tolerance);
}

}  // namespace examples::replay
