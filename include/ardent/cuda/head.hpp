// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Trajectories of an AdaLN head on a GPU: one launch for all tokens and all steps of an AR step.

#include <ardent/cuda/head_kernel.hpp>
#include <ardent/cuda/range.hpp>
#include <ardent/denoiser/tiled_adaln_mlp.hpp>
#include <ardent/detail/ar_step_checks.hpp>
#include <ardent/random/philox.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace cuda {

/// @brief The current device, asked once.
/// @throws error if there is none
inline device_limits current_limits() {
  int device = 0, major = 0, minor = 0, cooperative = 0, shared = 0;
  device_limits limits;
  const auto ask = [&](cudaDeviceAttr what, int& answer) {
    check(cudaDeviceGetAttribute(&answer, what, device), "asking for a device's attributes");
  };
  check(cudaGetDevice(&device), "asking for the current device");
  ask(cudaDevAttrComputeCapabilityMajor, major);
  ask(cudaDevAttrComputeCapabilityMinor, minor);
  ask(cudaDevAttrMultiProcessorCount, limits.multiprocessors);
  ask(cudaDevAttrMaxSharedMemoryPerBlockOptin, shared);
  ask(cudaDevAttrCooperativeLaunch, cooperative);
  limits.architecture = 10 * major + minor;
  limits.shared_bytes = static_cast<std::size_t>(shared);
  limits.cooperative = cooperative != 0;
  return limits;
}

/// @brief Draws tokens with an AdaLN head on the device that is current when it is constructed.
///
/// Construction asks the device what it has, and may throw; after it nothing allocates, waits or copies. One launch an
/// AR step (and 4 bytes cleared before it, where blocks share a tile), in the regime that the tuning chooses. A regime
/// that the device cannot run (no cooperative launch, too little shared memory, no room for all blocks at once) is
/// replaced by one that it can. All regimes add the same numbers in the same order.
///
/// Views: weights and counter are in device memory and must outlive it.
///
/// @tparam Sampler  a sampler of an epsilon network
/// @tparam Format   the format of the weights
/// @tparam Shape    an adaln_shape
/// @tparam Random   a random_source callable on the device
/// @tparam Tuning   see default_tuning
template <class Sampler, class Format, class Shape = adaln_shape<>, random_source Random = random::philox,
          class Tuning = default_tuning>
class head_trajectory {
  static_assert(Sampler::predicted == prediction::epsilon,
                "ardent::cuda::head_trajectory: the head predicts epsilon, but the sampler was told something else. "
                "Leave ardent::predicts out of the sampler.");
  static_assert(
      !Sampler::tells_step_size,
      "ardent::cuda::head_trajectory: the solver tells the head the size of its steps, which heads on a GPU do not "
      "take. Use another solver.");

 public:
  using row_type = typename Sampler::row_type;  ///< the sampler's rows
  /// @brief The head as a regime's kernel evaluates it.
  template <head_regime Regime>
  using head_type = denoiser::tiled_adaln_mlp<Format, Shape, plan_of(Regime)>;

  /// @param sampler    what is drawn
  /// @param shape      the head's sizes
  /// @param weights    what pack_tiled_adaln wrote, in device memory, aligned to 64; a pointer or a range
  /// @param nonfinite  in device memory: counts outputs that are infinite or NaN; may be null
  /// @throws error if the device does not answer, or has too little shared memory for any regime
  /// @throws std::invalid_argument if sizes do not fit one another
  head_trajectory(Sampler const& sampler, Shape const& shape, packed_weights weights,
                  unsigned long long* nonfinite = nullptr)
      : sampler_(sampler),
        shape_(shape),
        weights_(weights.checked(tiled_bytes<Format>(shape), "head_trajectory")),  // which refuses what has no tiles
        nonfinite_(nonfinite),
        device_(current_limits()) {
    const int needed = Sampler::reads_variance ? 2 * shape.channels() : shape.channels();
    if (shape.outputs() < needed) refuse("at least " + std::to_string(needed) + " outputs", shape.outputs());
    hoisted_rows_ = detail::hoisted_rows_of_head<Format>(device_, shape_);
    for (int i = 0; i < sampler.ar_steps(); ++i) most_steps_ = std::max(most_steps_, sampler.effective_steps(i));
    const auto ready = [this]<head_regime Regime>() {
      constexpr int most = detail::head_rows<Sampler, head_type<Regime>, Random>;
      if (most_steps_ > most) refuse("at most " + std::to_string(most) + " denoising steps", most_steps_);
      rows_[static_cast<int>(Regime)] = prepared_rows<Regime>();
    };
    for_each_regime(ready);
    if (rows_[static_cast<int>(head_regime::tiles)] == 0)
      throw error("fitting a block's activations into this device's shared memory", cudaErrorInvalidConfiguration);
  }

  /// @brief What the device has.
  device_limits const& device() const { return device_; }

  /// @brief The regime for an AR step of that many tokens over all images.
  head_regime regime(int tokens) const {
    const int rows = tokens * Sampler::branches;
    const auto can = [&](head_regime r) { return rows_[static_cast<int>(r)] > 0; };
    head_regime chosen = Tuning::choose(device_, rows, rows <= rows_[static_cast<int>(head_regime::resident)]);
    if (chosen == head_regime::resident && !can(chosen)) chosen = head_regime::streamed;
    if (chosen == head_regime::wide && !can(chosen)) chosen = head_regime::streamed;
    return can(chosen) ? chosen : head_regime::tiles;
  }

  /// @brief Bytes of device memory that AR steps of up to that many tokens need, aligned to 256. Most are modulations
  /// of all steps where these are hoisted: 4 (3 D + 2) W bytes for each of up to 16 rows and each step. 0 for no token.
  std::size_t workspace_bytes(int tokens) const {
    if (tokens < 1) return 0;
    bool used[regimes] = {};  // a smaller step may be drawn in another regime, which needs more
    for (int n = 1; n <= std::min(tokens, most_tokens_asked); ++n) used[static_cast<int>(regime(n))] = true;
    used[static_cast<int>(regime(tokens))] = true;
    std::size_t bytes = 0;
    for_each_regime([&]<head_regime Regime>() {
      if (!used[static_cast<int>(Regime)]) return;
      const int of_tile = std::min(tokens, most_tokens_of_tile<Regime>());
      bytes = std::max(bytes, layout_of<Regime>(of_tile, launch_of<Regime>(tokens).blocks).bytes);
    });
    return bytes;
  }

  /// @brief Enqueues an AR step: one launch.
  /// @param stream     of the device
  /// @param ar_step    in [0, sampler.ar_steps())
  /// @param t          all tokens: total, conditions, images, positions, times (aligned to 16) and time_index in device
  ///                   memory
  /// @param random     a random source
  /// @param workspace  workspace_bytes(t.total), aligned to 256, in device memory; of no other launch at the same time
  /// @param bytes      its size
  /// @param samples    [t.total][channels] in device memory
  /// @throws std::invalid_argument if there is no such AR step, the workspace is too small, or it or the times are
  ///         aligned to less
  /// @throws error if the launch fails
  void enqueue(cudaStream_t stream, int ar_step, tile t, Random const& random, void* workspace, std::size_t bytes,
               float* samples) const {
    ardent::detail::check_ar_step("ardent::cuda::head_trajectory", sampler_, ar_step);
    if (t.total < 1) return;
    with_regime(regime(t.total), [&]<head_regime Regime>() {
      using head = head_type<Regime>;
      const launch l = launch_of<Regime>(t.total);
      if (bytes < l.layout.bytes)
        throw std::invalid_argument("ardent::cuda::head_trajectory: expected a workspace of " +
                                    std::to_string(l.layout.bytes) + " bytes, found " + std::to_string(bytes));
      const auto aligned = [](void const* p, std::uintptr_t to) {
        return reinterpret_cast<std::uintptr_t>(p) % to == 0;
      };
      if (!aligned(workspace, 256) || !aligned(t.times, 16))
        throw std::invalid_argument(
            "ardent::cuda::head_trajectory: expected a workspace aligned to 256 bytes and times aligned to 16, found "
            "others");
      const auto rows = sampler_.rows(ar_step);
      t.first = 0;
      t.tokens = t.total;
      t.branches = Sampler::branches;
      t.ar_step = ar_step;
      t.steps = static_cast<int>(rows.size());
      detail::head_arguments<row_type, head, Random, detail::head_rows<Sampler, head, Random>> a{
          t,      l.tiles,  numbers_of(sampler_, ar_step),      head(shape_, weights_, nonfinite_, hoisted_rows_),
          random, l.layout, static_cast<std::byte*>(workspace), samples,
          {}};
      for (std::size_t k = 0; k < rows.size(); ++k) a.rows[k] = rows[k];
      // the blocks that wait for one another count from 0
      if (head::plan.shared)
        check(cudaMemsetAsync(workspace, 0, sizeof(unsigned), stream),
              "clearing the workspace of a head's trajectories");
      void* arguments[] = {&a};
      const auto blocks = static_cast<unsigned>(l.blocks), threads = static_cast<unsigned>(Tuning::threads);
      check(head::plan.shared
                ? cudaLaunchCooperativeKernel(kernel<Regime>(), blocks, threads, arguments, l.shared_bytes, stream)
                : cudaLaunchKernel(kernel<Regime>(), blocks, threads, arguments, l.shared_bytes, stream),
            "launching a head's trajectories");
    });
  }
  /// @brief The same with contiguous ranges.
  /// @param stream     on which it runs
  /// @param ar_step    in [0, ar_steps)
  /// @param t          the tokens
  /// @param random     gives the noise
  /// @param workspace  a range
  /// @param samples    a range or a pointer
  /// @throws std::invalid_argument also if `samples` is too small
  template <detail::contiguous_memory Workspace, device_memory Samples>
  void enqueue(cudaStream_t stream, int ar_step, tile const& t, Random const& random, Workspace&& workspace,
               Samples&& samples) const {
    const auto elements = static_cast<std::size_t>(std::max(t.total, 0)) * static_cast<std::size_t>(shape_.channels());
    const std::span<std::byte> memory = detail::bytes_of(workspace);
    enqueue(stream, ar_step, t, random, memory.data(), memory.size(),
            detail::checked_pointer<float>(samples, elements, "head_trajectory"));
  }

 private:
  static constexpr int regimes = 4;
  static constexpr int most_tokens_asked = 4096;  // beyond it, no tuning takes another regime for fewer tokens

  /// How a regime's kernel is launched.
  struct launch {
    int tiles, blocks;
    std::size_t shared_bytes;
    detail::head_workspace layout;
  };

  [[noreturn]] static void refuse(std::string const& expected, int found) {
    throw std::invalid_argument("ardent::cuda::head_trajectory: expected " + expected + ", found " +
                                std::to_string(found));
  }

  template <class F>
  static void for_each_regime(F const& f) {
    f.template operator()<head_regime::resident>();
    f.template operator()<head_regime::streamed>();
    f.template operator()<head_regime::wide>();
    f.template operator()<head_regime::tiles>();
  }
  template <class F>
  static void with_regime(head_regime regime, F const& f) {
    for_each_regime([&]<head_regime Regime>() {
      if (Regime == regime) f.template operator()<Regime>();
    });
  }

  template <head_regime Regime>
  static void const* kernel() {
    return reinterpret_cast<void const*>(
        &detail::head_kernel<Sampler::branches, Tuning::threads, row_type, head_type<Regime>, Random,
                             detail::head_rows<Sampler, head_type<Regime>, Random>>);
  }

  template <head_regime Regime>
  int blocks() const {
    return detail::blocks_of_head(device_, shape_, plan_of(Regime));
  }

  template <head_regime Regime>
  std::size_t shared_bytes(int rows) const {
    return tiled_block_bytes<Format>(shape_, rows, blocks<Regime>(), plan_of(Regime), hoisted_rows_);
  }

  /// Makes a regime's kernel ready; the most network rows of its tiles, 0 if the device cannot run it.
  template <head_regime Regime>
  int prepared_rows() const {
    constexpr tiled_plan plan = plan_of(Regime);
    if (plan.shared && !device_.cooperative) return 0;
    const int rows = detail::rows_of_head<Format>(device_, shape_, Regime, Sampler::branches, hoisted_rows_);
    if (rows == 0) return 0;
    const std::size_t bytes = shared_bytes<Regime>(rows);
    // all there is: heads of other sizes may share the kernel, and the attribute is the kernel's
    check(cudaFuncSetAttribute(kernel<Regime>(), cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(device_.shared_bytes)),
          "asking for a block's shared memory");
    int at_once = 0;
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&at_once, kernel<Regime>(), Tuning::threads, bytes),
          "asking how many blocks fit a multiprocessor");
    // blocks that wait for one another must all be there
    return plan.shared && at_once * device_.multiprocessors < blocks<Regime>() ? 0 : at_once < 1 ? 0 : rows;
  }

  template <head_regime Regime>
  int most_tokens_of_tile() const {
    return rows_[static_cast<int>(Regime)] / Sampler::branches;
  }
  template <head_regime Regime>
  detail::head_workspace layout_of(int tokens, int blocks) const {
    return detail::lay_out_head<row_type>(head_type<Regime>(shape_, nullptr), tokens, Sampler::branches, most_steps_,
                                          blocks);
  }
  template <head_regime Regime>
  launch launch_of(int tokens) const {
    const int most = most_tokens_of_tile<Regime>();
    launch l{};
    l.tiles = (tokens + most - 1) / most;
    l.blocks = plan_of(Regime).shared ? blocks<Regime>() : std::min(l.tiles, blocks<Regime>());
    const int of_tile = (tokens + l.tiles - 1) / l.tiles;
    l.shared_bytes = shared_bytes<Regime>(of_tile * Sampler::branches);
    l.layout = layout_of<Regime>(of_tile, l.blocks);
    return l;
  }

  Sampler sampler_;
  Shape shape_;
  void const* weights_;
  unsigned long long* nonfinite_;
  device_limits device_;
  int most_steps_ = 1;
  int hoisted_rows_ = 8;
  int rows_[regimes] = {};
};

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
