// SPDX-License-Identifier: Apache-2.0
//
// One call of `sample`, and what it draws by: the sampler of a single AR step and the noise of its tokens. Nothing of
// PyTorch is in here, so that kernels are compiled without its headers.
#pragma once

#include <cstdint>

#include <ardent/annealing/constant.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/temperature/temperature.hpp>

namespace ardent_torch {

/// @brief One call of `sample`. Views: of the host's memory or the device's, wherever the head is.
struct call {
  int tokens = 0;                 ///< drawn now, at least 1
  bool guided = false;            ///< z has conditional rows, then as many unconditional ones
  int steps = 0;                  ///< denoising steps asked for, in [1, 1000]
  int latest = 999;               ///< noisiest training step visited, in [0, 999]
  int ar_step = 0;                ///< in [0, 65536): part of the noise's keys
  double guidance_scale = 1;      ///< in [0, 1e6], if guided
  double temperature = 1;         ///< factor on the noise of the steps, in [0, 1e6]
  std::uint64_t seed = 0;         ///< of the noise
  float const* z = nullptr;       ///< [branches][tokens][condition width]
  int const* image = nullptr;     ///< [tokens] whose image each is, as unsigned
  int const* position = nullptr;  ///< [tokens] its raster position
  float const* start = nullptr;   ///< [tokens][channels] noise of the caller's to start from, or null
  float const* draws = nullptr;   ///< [effective steps][tokens][channels], noisiest first; null if `start` is
  float* out = nullptr;           ///< [tokens][channels], written
};

/// @brief f(sampler) with DDPM of learned-range variance on the cosine process: one AR step that draws all tokens.
/// @throws std::invalid_argument if a number is out of its range
template <class F>
auto with_sampler(call const& what, F const& f) {
  ardent::ordering::raster const ordering(what.tokens, 1);
  ardent::annealing::constant const annealing(what.steps);
  ardent::grid::clip const grid(ardent::grid::respaced{}, what.latest);
  ardent::solver::ddpm<ardent::variance::learned_range> const solver;
  ardent::temperature::constant const temperature(what.temperature);
  if (!what.guided) return f(ardent::make_sampler(ordering, annealing, grid, solver, temperature));
  ardent::guidance::constant const guidance(what.guidance_scale);
  return f(ardent::make_sampler(ordering, annealing, grid, solver, temperature, guidance));
}

/// @brief The noise of a call: ardent's own, with the keys that `generate` would give it, or the caller's numbers.
class call_noise {
 public:
  /// @param what its views must outlive this
  explicit call_noise(call const& what)
      : philox_(what.seed),
        image_(what.image),
        position_(what.position),
        start_(what.start),
        draws_(what.draws),
        tokens_(what.tokens),
        ar_step_(what.ar_step) {}

  /// @brief Four normal numbers for a row of the AR step.
  ARDENT_INLINE ardent::quad normal(ardent::noise_key key, int q) const {
    if (start_ == nullptr) {
      key.image = static_cast<std::uint32_t>(image_[key.row]);
      key.position = static_cast<std::uint32_t>(position_[key.row]);
      key.ar_step = ar_step_;
      return philox_.normal(key, q);
    }
    long long const row =
        key.domain == ardent::noise_domain::start ? key.row : static_cast<long long>(key.step) * tokens_ + key.row;
    float const* const numbers = (key.domain == ardent::noise_domain::start ? start_ : draws_) + row * key.channels;
    ardent::quad out{};
    for (int i = 0; i < 4 && 4 * q + i < key.channels; ++i) out.value[i] = numbers[4 * q + i];
    return out;
  }
  /// @brief Of no use here: tokens come in the order of their rows.
  ARDENT_INLINE std::uint64_t order_key(std::uint32_t, std::uint32_t position) const { return position; }

 private:
  ardent::random::philox philox_;
  int const *image_, *position_;
  float const *start_, *draws_;
  int tokens_, ar_step_;
};

}  // namespace ardent_torch
