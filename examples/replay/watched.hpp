// SPDX-License-Identifier: Apache-2.0
//
// A denoiser that writes down what it is evaluated at: the states of a trajectory, for any solver that evaluates it at
// the state once a step.
#pragma once

#include <ardent/denoiser/denoiser.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace examples::replay {

/// @brief Passes everything on to another denoiser. Models ardent::inline_denoiser, on the host.
/// @tparam Denoiser  the other one
template <class Denoiser>
class watched {
 public:
  static constexpr ardent::prediction predicted = Denoiser::predicted;  ///< what the other one predicts

  /// @param denoiser  the other one
  /// @param sigmas    noise level of each evaluation of a trajectory; all differ. Outlives this object
  /// @param states    [sigmas][rows of the AR step][channels], written; outlives this object
  watched(Denoiser denoiser, std::span<float const> sigmas, float* states)
      : denoiser_(denoiser), sigmas_(sigmas), states_(states) {}

  int channels() const { return denoiser_.channels(); }                            ///< as the other one
  int outputs() const { return denoiser_.outputs(); }                              ///< as the other one
  int condition_width() const { return denoiser_.condition_width(); }              ///< as the other one
  int time_features() const { return denoiser_.time_features(); }                  ///< as the other one
  std::size_t time_scratch(int n) const { return denoiser_.time_scratch(n); }      ///< as the other one
  int most_tokens(int branches) const { return denoiser_.most_tokens(branches); }  ///< as the other one
  /// @brief As the other one.
  bool prefers_team(int tokens, int branches, int threads) const {
    return denoiser_.prefers_team(tokens, branches, threads);
  }
  std::size_t shared_floats(int rows) const { return denoiser_.shared_floats(rows); }    ///< as the other one
  std::size_t private_floats(int rows) const { return denoiser_.private_floats(rows); }  ///< as the other one

  /// @brief As the other one.
  template <class Block>
  void prepare_times(Block& block, float const* times, int n, float* table, float* scratch) const {
    denoiser_.prepare_times(block, times, n, table, scratch);
  }

  /// @brief As the other one.
  template <class Block, class Grid>
  ARDENT_INLINE void begin(Block& block, Grid& grid, ardent::tile const& t, float* shared, float* own) const {
    denoiser_.begin(block, grid, t, shared, own);
  }

  /// @brief Writes x down and evaluates the other one. The noise level tells the step (a timestep may be rounded, and
  /// occur twice).
  template <class Block, class Grid>
  ARDENT_INLINE void evaluate(Block& block, Grid& grid, ardent::tile const& t, ardent::time_point const& time,
                              float const* x, float* output, float* shared, float* own) const {
    if (grid.rank() == 0) {
      const std::ptrdiff_t step = std::find(sigmas_.begin(), sigmas_.end(), time.sigma) - sigmas_.begin();
      const std::ptrdiff_t row = step * t.total + t.first;
      std::copy_n(x, static_cast<std::ptrdiff_t>(t.tokens) * channels(), states_ + row * channels());
    }
    denoiser_.evaluate(block, grid, t, time, x, output, shared, own);
  }

 private:
  Denoiser denoiser_;
  std::span<float const> sigmas_;
  float* states_;
};

}  // namespace examples::replay
