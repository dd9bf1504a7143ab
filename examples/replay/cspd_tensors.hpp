// SPDX-License-Identifier: Apache-2.0
//
// The numbers of cspd.json: what draft and target say of the tokens, and a case's draws.
#pragma once

#include "common/files/json.hpp"

#include <ardent/speculative/acceptance.hpp>

#include <cstddef>
#include <filesystem>
#include <vector>

namespace examples::replay {

/// @brief Numbers [tokens][channels] of a member, finite.
/// @throws input_error if it is missing or of another shape
[[nodiscard]] std::vector<float> cspd_rows(nlohmann::json const& values, std::string const& name, std::size_t tokens,
                                           std::size_t channels, std::filesystem::path const& file);

/// @brief The last steps of a head.
struct cspd_head {
  std::vector<float> mean;       ///< [tokens][channels]
  std::vector<float> deviation;  ///< [tokens][channels], positive
  std::vector<float> log_sum;    ///< [tokens][channels]
  std::size_t channels = 0;      ///< numbers of a token

  /// @brief Views of a token's.
  [[nodiscard]] ardent::last_step of(std::size_t token) const {
    const std::size_t first = token * channels;
    return {mean.data() + first, deviation.data() + first, log_sum.data() + first};
  }
};

/// @brief What all cases share.
struct cspd_inputs {
  std::size_t tokens = 0;            ///< tokens of the verification
  std::size_t channels = 0;          ///< numbers of a token
  cspd_head draft;                   ///< members with the suffix _q
  cspd_head target;                  ///< members with the suffix _p
  std::vector<float> draft_samples;  ///< [tokens][channels], for cases whose token is not the mean
};

/// @brief Reads them.
/// @throws input_error if something is missing, of another shape, or not finite, or a deviation is not positive
[[nodiscard]] cspd_inputs read_cspd_inputs(nlohmann::json const& document, std::filesystem::path const& file);

/// @brief A case's draws: uniform numbers of the test, then normal and uniform ones of each round.
struct cspd_draws {
  std::vector<std::vector<float>> uniforms;  ///< for the test and each round, [tokens]
  std::vector<std::vector<float>> normals;   ///< for each round, [tokens][channels]
  std::size_t total = 0;                     ///< draws that the run took; fewer may be recorded

  /// @brief Rounds whose draws are recorded.
  [[nodiscard]] std::size_t rounds() const { return normals.size(); }
  /// @brief Rounds of the run.
  [[nodiscard]] std::size_t total_rounds() const { return (total - 1) / 2; }
};

/// @brief Reads them.
/// @throws input_error if they are not in that order or of another shape
[[nodiscard]] cspd_draws read_cspd_draws(nlohmann::json const& one, cspd_inputs const& inputs,
                                         std::filesystem::path const& file);

}  // namespace examples::replay
