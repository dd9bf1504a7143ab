// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A denoiser from a function of one token: for analytic models and small formulas.

#include <ardent/denoiser/denoiser.hpp>

namespace ardent {
inline namespace v0 {
namespace denoiser {

/// @brief Evaluates a function token by token.
///
/// `F` has `predicted`, `channels()`, `outputs()`, `condition_width()` (and `takes_step_size`) as a denoiser has, and
/// `operator()(float const* x, time_point const&, float const* condition, float* output) const`, which may run on any
/// thread.
/// @tparam F  the function, a small copyable value
template <class F>
class pointwise {
 public:
  static constexpr prediction predicted = F::predicted;                ///< what the function predicts
  static constexpr bool takes_step_size = ardent::takes_step_size<F>;  ///< as the function says

  /// @param function  the function of one token
  constexpr explicit pointwise(F function) : function_(function) {}

  ARDENT_HD F const& function() const { return function_; }                      ///< the function
  ARDENT_HD int channels() const { return function_.channels(); }                ///< channels of a token
  ARDENT_HD int outputs() const { return function_.outputs(); }                  ///< numbers the function writes
  ARDENT_HD int condition_width() const { return function_.condition_width(); }  ///< numbers of a condition
  int time_features() const { return 0; }                                        ///< no table
  std::size_t time_scratch(int) const { return 0; }                              ///< no table
  int most_tokens(int) const { return 256; }                                     ///< any size will do
  bool prefers_team(int, int, int) const { return false; }                       ///< tokens are independent
  std::size_t shared_floats(int) const { return 0; }                             ///< none
  std::size_t private_floats(int) const { return 0; }                            ///< none
  /// @brief Nothing.
  template <class Block, class Time>
  void prepare_times(Block&, Time const*, int, float*, float*) const {}

  /// @brief Nothing.
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE void begin(Block&, Grid&, tile const&, float*, float*) const {}

  /// @brief Each token of each branch by some thread of the grid.
  ARDENT_ANY_GROUP
  template <class Block, class Grid>
  ARDENT_INLINE void evaluate(Block& block, Grid& grid, tile const& t, time_point const& time, float const* x,
                              float* output, float*, float*) const {
    F const& function = function_;
    const int tokens = t.tokens, total = t.total, first = t.first;
    float const* const conditions = t.conditions;
    block.elements({grid.rank(), t.rows(), grid.size()}, {0, 1, 1},
                   [=, &function, &time](int r, int) ARDENT_INLINE_LAMBDA {
                     const std::ptrdiff_t branch = r / tokens, token = r % tokens;
                     function(x + token * function.channels(), time,
                              conditions + (branch * total + first + token) * function.condition_width(),
                              output + static_cast<std::ptrdiff_t>(r) * function.outputs());
                   });
    grid.sync(block);
  }

 private:
  F function_;
};

}  // namespace denoiser
}  // namespace v0
}  // namespace ardent
