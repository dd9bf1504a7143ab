// SPDX-License-Identifier: Apache-2.0
//
// Shapes and ranges of cspd.json's numbers.
#include "cspd_tensors.hpp"

#include "common/error.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace examples::replay {

namespace {

std::string shape_of(nlohmann::json const& values) {
  std::string shape;
  for (nlohmann::json const* at = &values; at->is_array(); at = &at->front()) {
    shape += (shape.empty() ? "" : ", ") + std::to_string(at->size());
    if (at->empty()) break;
  }
  return shape.empty() ? values.type_name() : "shape [" + shape + "]";
}

void append_row(nlohmann::json const& row, std::string const& name, std::vector<float>& out,
                std::filesystem::path const& file) {
  for (nlohmann::json const& value : row) {
    const float number = value.is_number() ? value.get<float>() : NAN;
    if (!std::isfinite(number)) fail(file, name + " to hold finite numbers", printable(value.dump(), 40));
    out.push_back(number);
  }
}

cspd_head read_head(nlohmann::json const& document, std::string const& suffix, std::size_t tokens, std::size_t channels,
                    std::filesystem::path const& file) {
  const auto rows = [&](std::string const& name) {
    return cspd_rows(member(document, name + suffix, file), name + suffix, tokens, channels, file);
  };
  cspd_head head{rows("mean"), rows("std"), rows("log_sum"), channels};
  const float least = *std::min_element(head.deviation.begin(), head.deviation.end());
  if (!(least > 0)) fail(file, "std" + suffix + " to be positive", std::to_string(least));
  return head;
}

}  // namespace

std::vector<float> cspd_rows(nlohmann::json const& values, std::string const& name, std::size_t tokens,
                             std::size_t channels, std::filesystem::path const& file) {
  bool fits = values.is_array() && values.size() == tokens;
  if (fits)
    for (nlohmann::json const& row : values) fits = fits && row.is_array() && row.size() == channels;
  if (!fits)
    fail(file, name + " of shape [" + std::to_string(tokens) + ", " + std::to_string(channels) + "]", shape_of(values));
  std::vector<float> all;
  for (nlohmann::json const& row : values) append_row(row, name, all, file);
  return all;
}

cspd_inputs read_cspd_inputs(nlohmann::json const& document, std::filesystem::path const& file) {
  constexpr int most = 1 << 20;
  cspd_inputs inputs;
  inputs.tokens = static_cast<std::size_t>(integer_member(document, "num_tokens", 1, most, file));
  inputs.channels = static_cast<std::size_t>(integer_member(document, "dim", 1, most, file));
  inputs.draft = read_head(document, "_q", inputs.tokens, inputs.channels, file);
  inputs.target = read_head(document, "_p", inputs.tokens, inputs.channels, file);
  inputs.draft_samples =
      cspd_rows(member(document, "draft_sample", file), "draft_sample", inputs.tokens, inputs.channels, file);
  return inputs;
}

cspd_draws read_cspd_draws(nlohmann::json const& one, cspd_inputs const& inputs, std::filesystem::path const& file) {
  nlohmann::json const& all = member(one, "draws", file);
  if (!all.is_array() || all.empty() || all.size() % 2 == 0)
    fail(file, "draws to be an odd number of draws", all.is_array() ? std::to_string(all.size()) : all.type_name());
  cspd_draws draws;
  draws.total = all.size();
  if (one.contains("draws_total"))
    draws.total = static_cast<std::size_t>(
        integer_member(one, "draws_total", static_cast<std::int64_t>(all.size()), 1 << 20, file));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool normal = i % 2 == 1;
    const std::string name = "draws[" + std::to_string(i) + "]";
    const std::string kind = string_member(all[i], "kind", file);
    if (kind != (normal ? "randn_like" : "rand_like"))
      fail(file, name + (normal ? " of kind \"randn_like\"" : " of kind \"rand_like\""),
           "\"" + printable(kind, 40) + "\"");
    nlohmann::json const& values = member(all[i], "values", file);
    if (normal) {
      draws.normals.push_back(cspd_rows(values, name, inputs.tokens, inputs.channels, file));
      continue;
    }
    if (!values.is_array() || values.size() != inputs.tokens)
      fail(file, name + " of " + std::to_string(inputs.tokens) + " numbers", shape_of(values));
    draws.uniforms.emplace_back();
    append_row(values, name, draws.uniforms.back(), file);
  }
  return draws;
}

}  // namespace examples::replay
