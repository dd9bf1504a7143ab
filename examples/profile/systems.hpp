// SPDX-License-Identifier: Apache-2.0
//
// The systems that profile measures: each with the sampler that it was published with, and a deterministic one on
// nested grids.
#pragma once

#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/every_other.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/grid/xar.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/ordering/next_scale.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddim.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/solver/flow_euler.hpp>
#include <ardent/solver/flow_euler_maruyama.hpp>

#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "common/network/adaln_head.hpp"
#include "flowar/model.hpp"
#include "mar/checkpoint.hpp"
#include "mar/model.hpp"
#include "xar/model.hpp"

namespace examples::profile {

using any_steps = ardent::annealing::rising<ardent::annealing::table<ardent::dynamic>>;

/// @brief The same number at each AR step.
inline any_steps same(int steps, int ar_steps) {
  return any_steps(
      ardent::annealing::table<ardent::dynamic>(std::vector<int>(static_cast<std::size_t>(ar_steps), steps)));
}

/// @brief MAR: DDPM with the learned variance on the clipped cosine grid.
/// @tparam Guidance  policies of guidance, none or one
template <class... Guidance>
class mar_system {
 public:
  /// @param trained   outlives it
  /// @param ar_steps  AR steps of an image
  mar_system(mar::checkpoint const& trained, int ar_steps, Guidance const&... guidance)
      : trained_(trained), head_(trained.head<float>()), ar_steps_(ar_steps), guidance_(guidance...) {}

  [[nodiscard]] int ar_steps() const { return ar_steps_; }  ///< of an image
  /// @brief Numbers of an image.
  [[nodiscard]] std::size_t image_floats() const {
    return static_cast<std::size_t>(trained_.sizes().seq_len()) *
           static_cast<std::size_t>(trained_.sizes().token_channels());
  }
  /// @brief A batch; one branch or two are the head's matter.
  [[nodiscard]] auto model(std::vector<int> labels, int, int workers) const {
    return mar::model<float>(trained_.network(), head_, std::move(labels), workers);
  }
  /// @brief The published sampler.
  [[nodiscard]] auto own(any_steps const& steps) const { return with(steps, nested{}, ardent::solver::ddpm<>{}); }
  [[nodiscard]] auto own(std::vector<int> const& steps) const {
    return own(any_steps(ardent::annealing::table<ardent::dynamic>(steps)));
  }
  [[nodiscard]] auto own(int steps) const { return own(same(steps, ar_steps_)); }
  /// @brief DDIM on every other time of twice as many steps.
  [[nodiscard]] auto coarse(int steps) const {
    return with(same(steps, ar_steps_), ardent::grid::every_other<nested>{}, ardent::solver::ddim<>{});
  }
  /// @brief DDIM.
  [[nodiscard]] auto fine(int steps) const { return with(same(steps, ar_steps_), nested{}, ardent::solver::ddim<>{}); }

 private:
  using nested = ardent::grid::clip<ardent::grid::respaced, 950>;
  template <class Grid, class Solver>
  auto with(any_steps const& steps, Grid const& grid, Solver const& solver) const {
    return std::apply(
        [&](auto const&... guidance) {
          return ardent::make_sampler(ardent::ordering::masked(trained_.sizes().seq_len(), ar_steps_), steps, grid,
                                      solver, guidance...);
        },
        guidance_);
  }

  mar::checkpoint const& trained_;
  adaln_head<float> head_;
  int ar_steps_;
  std::tuple<Guidance...> guidance_;
};

/// @brief What FlowAR and xAR have in common: a linear flow, a state of double.
/// @tparam Self  has ordering(), grid() and solver()
template <class Self, class... Guidance>
class flow_system {
 public:
  /// @brief Without guidance, or with one.
  explicit flow_system(Guidance const&... guidance) : guidance_(guidance...) {}

  /// @brief The published solver and grid.
  [[nodiscard]] auto own(any_steps const& steps) const { return with(steps, self().grid(), self().solver()); }
  [[nodiscard]] auto own(std::vector<int> const& steps) const {
    return own(any_steps(ardent::annealing::table<ardent::dynamic>(steps)));
  }
  [[nodiscard]] auto own(int steps) const { return own(same(steps, self().ordering().ar_steps())); }
  /// @brief Euler on every other of twice as many equal steps.
  [[nodiscard]] auto coarse(int steps) const {
    return with(same(steps, self().ordering().ar_steps()), ardent::grid::every_other<ardent::grid::time_uniform>{},
                ardent::solver::flow_euler{});
  }
  /// @brief Euler on equal steps.
  [[nodiscard]] auto fine(int steps) const {
    return with(same(steps, self().ordering().ar_steps()), ardent::grid::time_uniform{}, ardent::solver::flow_euler{});
  }

 private:
  [[nodiscard]] Self const& self() const { return static_cast<Self const&>(*this); }
  template <class Grid, class Solver>
  auto with(any_steps const& steps, Grid const& grid, Solver const& solver) const {
    return std::apply(
        [&](auto const&... guidance) {
          return ardent::make_sampler(self().ordering(), steps, ardent::process::flow_linear{}, grid, solver,
                                      ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{},
                                      guidance...);
        },
        guidance_);
  }
  std::tuple<Guidance...> guidance_;
};

/// @brief FlowAR: Euler, which is deterministic.
template <class... Guidance>
class flowar_system : public flow_system<flowar_system<Guidance...>, Guidance...> {
 public:
  /// @param network  outlives it
  explicit flowar_system(flowar::network const& network, Guidance const&... guidance)
      : flow_system<flowar_system, Guidance...>(guidance...), network_(network) {}

  [[nodiscard]] auto ordering() const { return ardent::ordering::next_scale(network_.sizes().scale); }  ///< its scales
  [[nodiscard]] auto grid() const { return ardent::grid::time_uniform{}; }  ///< the published one cannot make few steps
  [[nodiscard]] auto solver() const { return ardent::solver::flow_euler{}; }  ///< Euler
  [[nodiscard]] int ar_steps() const { return network_.sizes().scales(); }    ///< scales
  /// @brief Numbers of all scales.
  [[nodiscard]] std::size_t image_floats() const {
    return static_cast<std::size_t>(network_.sizes().seq_len()) *
           static_cast<std::size_t>(network_.sizes().vae_embed_dim);
  }
  /// @brief A batch.
  [[nodiscard]] flowar::model model(std::vector<int> const& labels, int branches, int workers) const {
    return {network_, labels, branches, workers};
  }

 private:
  flowar::network const& network_;
};

/// @brief xAR: Euler-Maruyama on its grid.
template <class... Guidance>
class xar_system : public flow_system<xar_system<Guidance...>, Guidance...> {
 public:
  /// @param network  outlives it
  explicit xar_system(xar::network const& network, Guidance const&... guidance)
      : flow_system<xar_system, Guidance...>(guidance...), network_(network) {}

  /// @brief Its cells.
  [[nodiscard]] auto ordering() const {
    xar::config const& sizes = network_.sizes();
    return ardent::ordering::next_cell(sizes.side(), sizes.side(), sizes.cell_height, sizes.cell_width);
  }
  [[nodiscard]] auto grid() const { return ardent::grid::xar<>{}; }                    ///< as published
  [[nodiscard]] auto solver() const { return ardent::solver::flow_euler_maruyama{}; }  ///< Euler-Maruyama
  [[nodiscard]] int ar_steps() const { return network_.sizes().cells(); }              ///< cells
  /// @brief Numbers of an image.
  [[nodiscard]] std::size_t image_floats() const {
    return static_cast<std::size_t>(network_.sizes().seq_len()) *
           static_cast<std::size_t>(network_.sizes().token_channels());
  }
  /// @brief A batch.
  [[nodiscard]] xar::model model(std::vector<int> labels, int, int workers) const {
    return {network_, std::move(labels), workers};
  }

 private:
  xar::network const& network_;
};

}  // namespace examples::profile
