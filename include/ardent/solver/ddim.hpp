// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DDIM, from deterministic (eta = 0) to ancestral (eta = 1).

#include <ardent/number.hpp>
#include <ardent/solver/posterior.hpp>
#include <ardent/solver/row.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief DDIM.
///
/// Row (m = epsilon; alpha, sigma of this node, alpha', sigma' of the next):
/// s = eta sqrt((1 - abar') / (1 - abar)) sqrt(1 - abar / abar'), a = alpha' / alpha,
/// b_0 = sqrt(sigma'^2 - s^2) - sigma alpha' / alpha; for other networks the same in x0. The last step goes to
/// sigma' = 0, where s = 0 too.
///
/// Source: DDIM (arXiv 2010.02502), equations 12 and 16. Global order 1 for eta = 0, on any path; weak
/// order 1 for eta > 0, which needs a variance-preserving one.
///
/// @tparam Eta  in [0, 1]: 0 deterministic, 1 as noisy as DDPM with the small variance; or `dynamic`
template <auto Eta = 0>
class ddim {
 public:
  static constexpr int slots = 1;                ///< x alone
  static constexpr int history = 1;              ///< the newest output alone
  static constexpr bool reads_variance = false;  ///< no variance is asked of the network
  /// @brief Rows may add noise: unless eta is 0 at compile time.
  static constexpr bool stochastic = [] {
    if constexpr (std::is_same_v<std::remove_cv_t<decltype(Eta)>, dynamic_t>)
      return true;
    else
      return Eta != 0;
  }();

  /// @brief With noise, alpha^2 + sigma^2 = 1; without, any process.
  static constexpr path_need needs = stochastic ? path_need::variance_preserving : path_need::any;
  /// @brief epsilon of epsilon networks, x0 of others.
  static constexpr prediction native(prediction from) { return from == prediction::epsilon ? from : prediction::x0; }

  constexpr ddim() = default;
  /// @param eta  in [0, 1]
  /// @throws std::invalid_argument outside
  constexpr explicit ddim(double eta) : eta_(eta) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    if (!(eta() >= 0 && eta() <= 1))
      throw std::invalid_argument("ardent::solver::ddim: eta must be in [0, 1], found " + std::to_string(eta()));
  }

  /// @brief eta.
  constexpr double eta() const { return eta_.get(); }

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps, at least 1
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double> row(node const* nodes, [[maybe_unused]] int n, int k, prediction from) const {
    using detail::real;
    node const& now = nodes[k];
    node const& next = nodes[k + 1];
    const bool from_epsilon = from == prediction::epsilon;
    auto r = start_row(now, from, native(from));
    real direction = next.sigma;
    if (eta() != 0) {
      const auto noise = detail::noise_between(now, next);
      // sigma'^2 - s^2 = sigma'^2 (1 - eta^2 beta / sigma^2): no difference of squares of the same size
      const real kept = real(1) - real(eta()) * real(eta()) * noise.beta / noise.here;
      direction = direction * real(detail::sqrt(kept.value < 0 ? 0 : kept.value));
      r.noise = (real(eta()) * real(detail::sqrt((noise.next / noise.here * noise.beta).value))).value;
    }
    if (from_epsilon) {
      r.slot[0][0] = (real(next.alpha) / real(now.alpha)).value;
      r.model[0][0] = (direction - real(now.sigma) * real(next.alpha) / real(now.alpha)).value;
    } else {
      r.slot[0][0] = (direction / real(now.sigma)).value;
      r.model[0][0] = (real(next.alpha) - direction * real(now.alpha) / real(now.sigma)).value;
    }
    return r;
  }

 private:
  [[no_unique_address]] number<double, Eta> eta_;
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
