// SPDX-License-Identifier: Apache-2.0
//
// What an image may take over from its AR steps and denoising steps before: LazyMAR's caches as policies. Each is a
// choice of its own; together, with the numbers that they have here, they are the published method. They are
// approximations: the tokens differ from those without.
// Source: Yan et al., LazyMAR: Accelerating Masked Autoregressive Models via Feature Caching, arXiv 2503.12450, and
// its published code.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace examples::mar {

/// @brief Which AR steps compute everything anew: the first ones, while the picture changes most, and later one in a
/// while.
struct refresh {
  int first = 5;   ///< steps before this one, and this one; at least 0
  int period = 9;  ///< one in so many from there on, at least 1

  /// @brief Whether a step does. Step 0 always does.
  [[nodiscard]] bool at(int ar_step) const noexcept { return ar_step <= first || (ar_step - first) % period == 0; }
  [[nodiscard]] bool operator==(refresh const&) const = default;
};

/// @brief How many rows go on behind the decoder's pruning block at an AR step that is not fresh.
class retention {
 public:
  static constexpr int published_block = 3;  ///< of decoders of 12 blocks and more, from 0
  static constexpr int margin = 15;          ///< rows that are kept beside those that have to be

  /// @brief The published table and block.
  retention() : shares_(published()) {}
  /// @param shares [at least 1], each in (0, 1]: of the rows kept at AR step i; the last one of all steps beyond
  /// @param block the decoder's pruning block, from 0
  /// @throws std::invalid_argument if they are not so
  explicit retention(std::vector<double> shares, int block = published_block);

  /// @brief The pruning block of a decoder: the last one if it has fewer. Published code needs one of 4 blocks at
  /// least; in the last block rows leave after the attention, and what is saved is its MLP.
  /// @param depth blocks of the decoder, at least 1
  [[nodiscard]] int block(int depth) const noexcept { return std::min(block_, depth - 1); }

  /// @brief Rows to be kept.
  /// @param ar_step at least 0
  /// @param rows of the decoder: buffer and tokens
  /// @param needed tokens that are drawn in this step, and in the one before
  /// @return in [1, rows]; less than `needed` only if that is more than all
  [[nodiscard]] int rows(int ar_step, int rows, int needed) const noexcept {
    auto const step = std::min(static_cast<std::size_t>(ar_step), shares_.size() - 1);
    return std::min(rows, std::max(needed + margin, static_cast<int>(rows * shares_[step])));
  }
  /// @brief The shares.
  [[nodiscard]] std::vector<double> const& shares() const noexcept { return shares_; }
  /// @brief Shares by AR step as published, for up to 64 of them: 1 up to step 19, then falling to 0.05.
  [[nodiscard]] static std::vector<double> published();
  [[nodiscard]] bool operator==(retention const&) const = default;

 private:
  std::vector<double> shares_;
  int block_ = published_block;
};

/// @brief Which denoising steps of the head compute everything anew.
struct head_refresh {
  int period = 7;                 ///< steps whose index counted from the last one, 0, is a multiple of it; at least 1
  static constexpr int low = 1;   ///< first block that is skipped as a whole between full steps
  static constexpr int high = 4;  ///< last block that is
  static constexpr double warm =
      0.9;  ///< share of the steps, from the last one, before which other blocks are computed

  /// @brief Whether a step computes both branches and all blocks.
  /// @param step of the trajectory, from 0
  /// @param steps of it
  [[nodiscard]] bool full(int step, int steps) const noexcept { return step == 0 || (steps - 1 - step) % period == 0; }
  /// @brief Whether a step computes the MLPs of the blocks that are not skipped as a whole.
  [[nodiscard]] bool computes(int step, int steps) const noexcept {
    return full(step, steps) || steps - 1 - step > warm * steps;
  }
  [[nodiscard]] bool operator==(head_refresh const&) const = default;
};

/// @brief The caches that are used. Default: none. Any of them go together.
struct caches {
  bool tokens = false;      ///< the transformer computes new and changed tokens only, and takes over the others
  bool conditions = false;  ///< transformer and head compute the unconditional branch at fresh steps only, and in
                            ///< between take it to be as far from the conditional one as it was there
  bool head = false;        ///< the head's blocks take over what they added at the last full step
  refresh when;             ///< for tokens and conditions: the fresh AR steps
  retention keep;           ///< for tokens
  head_refresh head_when;   ///< for conditions and head: the full denoising steps

  /// @brief Whether there is any.
  [[nodiscard]] bool any() const noexcept { return tokens || conditions || head; }
  /// @brief Whether the diffusion head has a part in it. Where it has none it is better left as it is: that head
  /// prepares the modulations of several denoising steps at once.
  [[nodiscard]] bool in_head() const noexcept { return conditions || head; }
};

/// @brief The caches of the command line, with the published numbers.
/// @param text none, all, or some of tokens, conditions and head, comma-separated
/// @param guided whether there is an unconditional branch; without, conditions have nothing to take over
/// @throws input_error naming --cache, if a word is unknown or there twice, or conditions are asked for without
/// guidance
[[nodiscard]] caches make_caches(std::string const& text, bool guided);

}  // namespace examples::mar
