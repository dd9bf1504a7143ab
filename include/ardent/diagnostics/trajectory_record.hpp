// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Where a trajectory went and what the denoiser said there, written down while it runs.

#include <ardent/config.hpp>
#include <ardent/denoiser/denoiser.hpp>
#include <ardent/diagnostics/direction.hpp>
#include <ardent/group/group.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

/// @brief Views of what is recorded of an AR step. A null `x` stands for: record nothing.
///
/// What is recorded are the denoiser's inputs and outputs as they are: before guidance, conversion and clipping.
struct trajectory_view {
  float* x = nullptr;       ///< [steps][rows][channels] the denoiser's inputs
  float* output = nullptr;  ///< [steps][branches][rows][channels] its outputs, without a variance half
  int rows = 0;             ///< tokens of the AR step, over all images
  int channels = 0;         ///< numbers of a token
  int branches = 1;         ///< 1, or 2 with guidance
};

/// @brief The memory of a trajectory_view.
class trajectory_record {
 public:
  /// @brief Room for an AR step. @throws std::invalid_argument if a size is below 1
  trajectory_record(int steps, int rows, int channels, int branches)
      : steps_(steps), rows_(rows), channels_(channels), branches_(branches) {
    if (steps < 1 || rows < 1 || channels < 1 || branches < 1)
      throw std::invalid_argument(
          "ardent::diagnostics::trajectory_record: expected at least 1 step, row, channel and branch, found " +
          std::to_string(steps) + ", " + std::to_string(rows) + ", " + std::to_string(channels) + " and " +
          std::to_string(branches));
    x_.resize(static_cast<std::size_t>(steps) * numbers());
    output_.resize(static_cast<std::size_t>(steps) * static_cast<std::size_t>(branches) * numbers());
  }

  int steps() const { return steps_; }        ///< evaluations
  int rows() const { return rows_; }          ///< tokens
  int channels() const { return channels_; }  ///< numbers of a token
  int branches() const { return branches_; }  ///< 1, or 2 with guidance

  /// @brief For what records.
  trajectory_view view() { return {x_.data(), output_.data(), rows_, channels_, branches_}; }

  /// @brief For what reads.
  trajectory_data data() const { return {x_.data(), output_.data(), steps_, rows_, channels_, branches_}; }

  /// @brief The denoiser's input of token `row` at step k, [channels].
  float const* x(int k, int row) const { return x_.data() + static_cast<std::size_t>(k) * numbers() + offset(row); }
  /// @brief Its output there in a branch, [channels].
  float const* output(int k, int branch, int row) const {
    return output_.data() +
           (static_cast<std::size_t>(k) * static_cast<std::size_t>(branches_) + static_cast<std::size_t>(branch)) *
               numbers() +
           offset(row);
  }

 private:
  std::size_t numbers() const { return static_cast<std::size_t>(rows_) * static_cast<std::size_t>(channels_); }
  std::size_t offset(int row) const { return static_cast<std::size_t>(row) * static_cast<std::size_t>(channels_); }

  int steps_, rows_, channels_, branches_;
  std::vector<float> x_, output_;
};

/// @brief An inline denoiser that writes down what it is given and what it answers; else it is the one that it is made
/// from, in all its optional parts too. A group of any machine can evaluate it; the view must be in memory that its
/// threads can write.
/// @tparam Denoiser  an inline_denoiser
template <class Denoiser>
class recorded : public Denoiser {
 public:
  /// @param denoiser  what answers
  /// @param view      where it is written; a null x: nothing is
  recorded(Denoiser const& denoiser, trajectory_view view) : Denoiser(denoiser), view_(view) {}

  /// @brief Evaluates, then records.
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE void evaluate(Block& block, Grid& grid, tile const& t, time_point const& time, float const* x,
                              float* output, float* shared, float* own) const {
    Denoiser::evaluate(block, grid, t, time, x, output, shared, own);
    if (view_.x == nullptr || grid.rank() != 0) return;
    const trajectory_view view = view_;
    const int channels = view.channels, outputs = this->outputs();
    const std::ptrdiff_t numbers = static_cast<std::ptrdiff_t>(view.rows) * channels;
    block.elements({0, t.tokens, 1}, {0, channels, 1}, [&](int r, int c) ARDENT_INLINE_LAMBDA {
      const std::ptrdiff_t place = static_cast<std::ptrdiff_t>(t.first + r) * channels + c;
      view.x[time.step * numbers + place] = x[static_cast<std::ptrdiff_t>(r) * channels + c];
      for (int b = 0; b < view.branches; ++b)
        view.output[(static_cast<std::ptrdiff_t>(time.step) * view.branches + b) * numbers + place] =
            output[(static_cast<std::ptrdiff_t>(b) * t.tokens + r) * outputs + c];
    });
  }

 private:
  trajectory_view view_;
};

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
