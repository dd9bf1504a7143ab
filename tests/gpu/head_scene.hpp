// SPDX-License-Identifier: Apache-2.0
//
// A scene drawn by cuda::head_trajectory in a regime of the test's choice, from recorded noise, and what should come
// out. Where a GPU cannot run a regime, the library takes another: see possible().
#pragma once

#include <ardent/cuda/head.hpp>
#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "gpu/device_array.hpp"
#include "support/kept_head.hpp"
#include "support/one_level.hpp"
#include "support/scene.hpp"

namespace test {

/// @brief A tuning that does as it is told.
struct told_tuning : ardent::cuda::default_tuning {
  static inline ardent::cuda::head_regime regime = ardent::cuda::head_regime::tiles;  ///< what it is told
  /// @brief The regime it was told.
  static ardent::cuda::head_regime choose(ardent::cuda::device_limits const&, int, bool) { return regime; }
};

/// @brief All regimes with their names.
inline constexpr std::pair<ardent::cuda::head_regime, char const*> all_regimes[] = {
    {ardent::cuda::head_regime::tiles, "tiles"},
    {ardent::cuda::head_regime::wide, "wide"},
    {ardent::cuda::head_regime::streamed, "streamed"},
    {ardent::cuda::head_regime::resident, "resident"},
};

/// @brief A scene in DDPM with learned range, guided, drawn with weights in a format.
template <class Format>
class head_scene {
 public:
  static constexpr double temperature = 0.8;

  /// @param shape     the head's sizes; two outputs a channel
  /// @param tokens    tokens of the one image
  /// @param steps     denoising steps
  /// @param guidance  its scale
  /// @param hidden    if not 0, what a hidden activation of the first block is, whatever is read
  head_scene(ardent::adaln_shape<> const& shape, int tokens, int steps, double guidance = 2.5, float hidden = 0)
      : what_(made(shape, tokens, steps, hidden)),
        guidance_(guidance),
        sampler_(sampler_of(tokens, steps, guidance)),
        positions_(static_cast<std::size_t>(tokens)),
        images_(static_cast<std::size_t>(tokens), 0),
        z_(what_.z),
        start_(what_.start),
        weights_(packed()) {
    std::vector<int> positions(static_cast<std::size_t>(tokens));
    std::iota(positions.begin(), positions.end(), 0);
    copy(positions_, positions);
    std::vector<float> times;
    std::vector<int> time_index;
    for (auto const& row : sampler_.rows(0)) {
      time_index.push_back(steps - 1 - static_cast<int>(times.size()));  // the table is not in the steps' order
      times.push_back(static_cast<float>(row.timestep));
    }
    std::ranges::reverse(times);
    time_index_ = std::make_unique<device_array<int>>(time_index);
    times_ = std::make_unique<device_array<float>>(embedded(times));
    std::vector<float const*> steps_on_device;
    for (std::vector<float> const& d : what_.draws)
      steps_on_device.push_back(draws_.emplace_back(std::make_unique<device_array<float>>(d))->data());
    pointers_ = std::make_unique<device_array<float const*>>(steps_on_device);
    recorded_ = std::make_unique<device_array<ardent::random::recorded_step>>(
        std::vector<ardent::random::recorded_step>{{start_.data(), pointers_->data()}});
  }

  /// @brief By the reference, in double, with the weights that the format keeps.
  doubles expected() const {
    auto const table = reference_steps(what_.steps, 950);
    scene kept = what_;
    kept.weights = kept_head<Format>(what_.weights);
    return kept.expected(guidance_, exactly, [&](auto const& network, doubles const& x, auto const& noise) {
      return reference_ddpm(table, x, network, noise, temperature);
    });
  }

  /// @brief True if this GPU draws the scene in that regime.
  bool possible(ardent::cuda::head_regime regime) const {
    told_tuning::regime = regime;
    return trajectory(nullptr).regime(what_.length) == regime;
  }

  /// @brief By the library. All memory is NaN beforehand.
  /// @param nonfinite  in device memory, or null
  std::vector<float> draw(ardent::cuda::head_regime regime, unsigned long long* nonfinite = nullptr) const {
    device_stream const stream;
    memory const m(*this, regime, nonfinite);
    m.enqueue(stream.get());
    return m.samples.read();
  }

  /// @brief What an AR step's launch needs, on a GPU.
  struct memory {
    head_scene const& scene;            ///< what is drawn
    ardent::cuda::head_regime regime;   ///< how
    unsigned long long* nonfinite;      ///< counter
    device_array<std::byte> workspace;  ///< of the launch
    device_array<float> samples;        ///< [tokens][channels]

    memory(head_scene const& s, ardent::cuda::head_regime r, unsigned long long* counter)
        : scene(s), regime(r), nonfinite(counter), workspace(s.workspace_bytes(r)), samples(s.what_.start.size()) {}
    void enqueue(cudaStream_t stream) const {
      told_tuning::regime = regime;
      scene.trajectory(nonfinite).enqueue(stream, 0, scene.tile(), scene.random(), workspace.data(), workspace.size(),
                                          samples.data());
    }
  };

  /// @brief All tokens, in device memory.
  ardent::tile tile() const {
    ardent::tile t;
    t.total = what_.length;
    t.conditions = z_.data();
    t.images = images_.data();
    t.positions = positions_.data();
    t.times = times_->data();
    t.time_index = time_index_->data();
    return t;
  }
  /// @brief The recorded noise, in device memory.
  ardent::random::replay random() const { return {recorded_->data(), nullptr, what_.length}; }
  auto const& sampler() const { return sampler_; }  ///< what is drawn

  int steps() const { return static_cast<int>(sampler_.rows(0).size()); }  ///< evaluations
  scene const& what() const { return what_; }                              ///< host copies
  /// @brief Replaces a number of the conditions, on the device only.
  void set_condition(std::size_t index, float value) {
    ardent::cuda::check(cudaMemcpy(z_.data() + index, &value, sizeof value, cudaMemcpyHostToDevice), "cudaMemcpy");
  }

 private:
  static scene made(ardent::adaln_shape<> const& shape, int tokens, int steps, float hidden) {
    scene out(shape, 1, tokens, steps);
    if (hidden != 0) {
      made_linear& layer = out.weights.blocks[0].mlp_in;
      std::fill_n(layer.weight.begin() + 3 * shape.width(), shape.width(), 0.0f);
      layer.bias[3] = hidden;
    }
    return out;
  }
  static auto sampler_of(int tokens, int steps, double guidance) {
    return ardent::make_sampler(ardent::ordering::raster{tokens, 1}, ardent::annealing::constant{steps},
                                ardent::guidance::constant{guidance}, ardent::solver::ddpm<>{},
                                ardent::temperature::constant{temperature});
  }
  using sampler_type = decltype(sampler_of(1, 1, 1.0));
  using trajectory_type =
      ardent::cuda::head_trajectory<sampler_type, Format, ardent::adaln_shape<>, ardent::random::replay, told_tuning>;

  template <class T>
  static void copy(device_array<T> const& to, std::vector<T> const& from) {
    ardent::cuda::check(cudaMemcpy(to.data(), from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice),
                        "cudaMemcpy");
  }
  trajectory_type trajectory(unsigned long long* nonfinite) const {
    return {sampler_, what_.weights.shape, weights_.data(), nonfinite};
  }
  std::size_t workspace_bytes(ardent::cuda::head_regime regime) const {
    told_tuning::regime = regime;
    return trajectory(nullptr).workspace_bytes(what_.length);
  }
  std::vector<std::byte> packed() const {
    aligned_bytes bytes(ardent::tiled_bytes<Format>(what_.weights.shape));
    ardent::pack_tiled_adaln<Format>(what_.weights.shape, what_.weights.views(), bytes.data());
    return {bytes.data(), bytes.data() + bytes.size()};
  }
  /// The time table, which the host makes for all formats.
  std::vector<float> embedded(std::vector<float> const& times) const {
    auto const bytes = what_.weights.packed<float>(what_.weights.shape);
    ardent::denoiser::adaln_mlp<float> const head(what_.weights.shape, bytes.data());
    int const n = static_cast<int>(times.size());
    std::vector<float> table(times.size() * static_cast<std::size_t>(head.time_features()));
    std::vector<float> scratch(head.time_scratch(n));
    one_level<ardent::simd_level::baseline>{}.run_tiles(1, [&](auto& block, auto&, int, int) {
      head.prepare_times(block, times.data(), n, table.data(), scratch.data());
    });
    return table;
  }

  scene what_;
  double guidance_;
  sampler_type sampler_;
  device_array<int> positions_;
  device_array<std::uint32_t> images_;
  device_array<float> z_, start_;
  device_array<std::byte> weights_;
  std::unique_ptr<device_array<int>> time_index_;
  std::unique_ptr<device_array<float>> times_;
  std::vector<std::unique_ptr<device_array<float>>> draws_;
  std::unique_ptr<device_array<float const*>> pointers_;
  std::unique_ptr<device_array<ardent::random::recorded_step>> recorded_;
};

}  // namespace test
