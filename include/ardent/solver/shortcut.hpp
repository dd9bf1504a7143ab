// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The step of a shortcut model, which is told how long its step is.

#include <ardent/solver/row.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief x' = x - d s(x, t, d), d = t - t' > 0: the denoiser is told t and d, and answers with the mean velocity over
/// the whole step, s(x, t, d) = (x - phi(x)) / d, phi the flow from t to t'. However few the steps, the end is then
/// exact.
///
/// Time here runs from 1 (noise) to 0, so that s is a velocity dx/dt as prediction::velocity is, and d -> 0 gives
/// flow_euler. In the papers time runs from 0 to 1, x' = x + d s. Guidance mixes the two branches' s. How short steps
/// may be is the network's matter: shortcut models are trained on d = 1, 1/2, 1/4, ..., which are the steps of
/// grid::time_uniform with 1, 2, 4, ... steps.
///
/// An exact s makes the end exact; a trained one is as good as its training. Needs a denoiser with takes_step_size.
///
/// Source: Frans et al., One step diffusion via shortcut models (arXiv 2410.12557), equation 1 and algorithm 2; as a
/// head of an autoregressive image model: FAR, Fast AutoRegressive (arXiv 2504.18391).
struct shortcut {
  static constexpr int slots = 1;                          ///< x alone
  static constexpr int history = 1;                        ///< the newest output alone
  static constexpr bool reads_variance = false;            ///< no variance is asked of the network
  static constexpr bool stochastic = false;                ///< no row adds noise
  static constexpr path_need needs = path_need::velocity;  ///< a real time, in which x moves
  static constexpr bool keeps_state = true;                ///< the coefficient of x is always 1
  static constexpr bool tells_step_size = true;            ///< the denoiser is told the length of its step
  static constexpr prediction native(prediction) { return prediction::velocity; }  ///< whatever the denoiser predicts

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts; of a whole step, as the velocity is
  constexpr ardent::row<double, slots, history> row(node const* nodes, [[maybe_unused]] int n, int k,
                                                    prediction from) const {
    auto r = start_row(nodes[k], from, native(from));
    r.slot[0][0] = 1;
    r.model[0][0] = nodes[k + 1].time - nodes[k].time;
    r.step_size = nodes[k].time - nodes[k + 1].time;
    return r;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
