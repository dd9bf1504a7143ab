// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief An AR step whose network is evaluated over the whole batch by somebody else: memory, launches and, on the
/// host, the loop. For the same on a GPU see cuda/batched.hpp.

#include <ardent/batched_step.hpp>
#include <ardent/detail/ar_step_checks.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/detail/batched_memory.hpp>
#include <ardent/detail/quad.hpp>
#include <ardent/detail/row_use.hpp>
#include <ardent/group/group.hpp>
#include <ardent/network_shape.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief Bytes of workspace of a batched trajectory: the state, earlier outputs that the solver uses, the network's
/// input and its output.
/// @param tokens   tokens of the tile
/// @param network  what the network reads and writes
/// @throws std::invalid_argument if these do not fit the sampler
template <class Sampler, class Input, class Output>
std::size_t batched_bytes(Sampler const&, int tokens, network_shape<Input, Output> const& network) {
  const auto shape = detail::checked_shape<Sampler>(tokens, network);
  return detail::batched_memory<typename Sampler::row_type, Input, Output>(tokens, Sampler::branches, shape, nullptr)
      .bytes;
}

/// @brief An AR step's trajectories, cut at the network's evaluations: says what to launch with, and holds no memory.
///
/// `start`, then for k = 0 ... evaluations() - 1 the network at time(k) and `step(k, ...)`; the last step writes the
/// samples. The network must leave its input as it is: where it is float like the state, it is the state. Earlier
/// outputs are not moved: their arrays take turns from step to step.
///
/// The sampler must outlive it, and so must all memory.
template <class Sampler, network_number Input = float, network_number Output = float>
class batched_trajectory {
  using row_type = typename Sampler::row_type;
  using T = typename row_type::value_type;
  static constexpr int kept = row_type::history > 1 ? row_type::history - 1 : 1;  // arrays of earlier outputs

 public:
  static constexpr int network_branches = Sampler::branches;  ///< 1, or 2 with guidance

  /// @param sampler    a sampler with a float or double state
  /// @param ar_step    in [0, sampler.ar_steps())
  /// @param t          the tokens, with images and positions; t.branches as the sampler's. Conditions, times and
  ///                   t.ar_step are not read
  /// @param network    what the network reads and writes
  /// @param workspace  batched_bytes(...) bytes, aligned to 64, where the steps run
  /// @param samples    [t.total][channels], where the samples go (rows of this tile)
  /// @param nonfinite  counts infinities and NaNs among the outputs that are read; null: nothing is counted
  /// @throws std::invalid_argument if sizes do not fit one another
  batched_trajectory(Sampler const& sampler, int ar_step, tile const& t, network_shape<Input, Output> const& network,
                     std::span<std::byte> workspace, float* samples, unsigned long long* nonfinite = nullptr)
      : tile_(t),
        ar_step_(ar_step),
        shape_(detail::checked_shape<Sampler>(t.tokens, network)),
        memory_(t.tokens, Sampler::branches, shape_, checked(sampler, ar_step, t, shape_, workspace, samples)),
        rows_(sampler.rows(ar_step)),
        numbers_(numbers_of(sampler, ar_step)),
        samples_(samples == nullptr ? nullptr : samples + static_cast<std::ptrdiff_t>(t.first) * shape_.channels),
        nonfinite_(nonfinite) {}

  int evaluations() const { return static_cast<int>(rows_.size()); }  ///< evaluations of the network
  int tokens() const { return tile_.tokens; }                         ///< tokens of the tile
  int outputs() const { return shape_.outputs; }                      ///< numbers that the network writes for a token
  Input const* input() const { return memory_.input; }  ///< [input_copies][tokens][channels], for the network
  Output* output() const { return memory_.output; }     ///< [branches][tokens][outputs], for the network

  /// @brief Where evaluation k takes place; its step is k.
  time_point time(int k) const {
    row_type const& row = row_at(k);
    return {static_cast<float>(row.timestep), static_cast<float>(row.alpha), static_cast<float>(row.sigma), 0, k,
            static_cast<float>(row.step_size)};
  }
  /// @brief Branches whose outputs step k reads: 1 without guidance, or where guidance is restricted to other times.
  int branches(int k) const { return row_at(k).guided ? Sampler::branches : 1; }

  /// @brief What batched_start is called with.
  template <random_source Random>
  batched_view<T, Input, Random> start(Random const& random) const {
    auto view = view_of(random);
    keep(view, detail::use_of_start(rows_));
    view.input = memory_.input;
    view.wide = aligned(4);
    view.octets = detail::takes_octets<Input, Input> && aligned(8);
    return view;
  }

  /// @brief What batched_step is called with.
  /// @param k       in [0, evaluations())
  /// @param output  what the network wrote, [branches][tokens][outputs]: output(), or memory of the network's own
  /// @param random  the same as for the start
  /// @throws std::invalid_argument if k is out of range or output is null
  template <random_source Random>
  batched_arguments<row_type, Input, Output, Random> step(int k, Output const* output, Random const& random) const {
    row_type const& row = row_at(k);
    if (output == nullptr && tokens() > 0) detail::refuse_batched("the network's output", "a null pointer");
    const detail::row_use<row_type> use = detail::use_of(rows_, k);
    batched_arguments<row_type, Input, Output, Random> a{view_of(random), row, numbers_, k, shape_.outputs, output};
    for (int i = 0; i < row_type::slots; ++i)
      if (use.reads_slot[i]) a.slot_in[i] = memory_.slot[i];
    for (int j = 0; j + 1 < row_type::history; ++j)
      if (use.reads_earlier[j]) a.earlier[j] = model(k - 1 - j);
    a.nonfinite = nonfinite_;
    a.wide = aligned(4) && shape_.outputs % 4 == 0 && detail::is_wide(output);
    a.octets = detail::takes_octets<Input, Output> && aligned(8) && shape_.outputs % 8 == 0 && is_aligned_to_16(output);
    if (k + 1 == evaluations()) {
      a.samples = samples_;
      a.wide = a.wide && detail::is_wide(samples_);
      a.octets = a.octets && is_aligned_to_16(samples_);
      return a;
    }
    keep(a, use);
    if constexpr (row_type::history > 1)
      if (use.keeps_newest) a.newest = model(k);
    a.input = memory_.input;
    return a;
  }

 private:
  static std::byte* checked(Sampler const& sampler, int ar_step, tile const& t,
                            network_shape<Input, Output> const& shape, std::span<std::byte> workspace,
                            float const* samples) {
    using detail::refuse_batched;
    detail::check_ar_step("ardent::batched_trajectory", sampler, ar_step);
    if (t.branches != Sampler::branches)
      refuse_batched("a tile of " + std::to_string(Sampler::branches) + " branches", std::to_string(t.branches));
    detail::check_rows_of_tile("ardent::batched_trajectory", t);
    if (t.tokens > 0 && (t.images == nullptr || t.positions == nullptr || samples == nullptr))
      refuse_batched("images, positions and samples", "a null pointer");
    const std::size_t needed = batched_bytes(sampler, t.tokens, shape);
    if (workspace.size() < needed)
      refuse_batched("a workspace of " + std::to_string(needed) + " bytes", std::to_string(workspace.size()));
    if (reinterpret_cast<std::uintptr_t>(workspace.data()) % detail::arena_alignment != 0)
      refuse_batched("a workspace aligned to 64 bytes", "one that is not");
    return workspace.data();
  }

  row_type const& row_at(int k) const {
    if (k < 0 || k >= evaluations())
      detail::refuse_batched("an evaluation below " + std::to_string(evaluations()), std::to_string(k));
    return rows_[static_cast<std::size_t>(k)];
  }

  /// Where m of evaluation k is kept; the array was that of evaluation k - kept, which only step k still reads.
  T* model(int k) const { return memory_.model[k % kept]; }

  /// The workspace is aligned; a second copy of the input begins after the first.
  bool aligned(int at_once) const { return shape_.channels % at_once == 0; }
  static bool is_aligned_to_16(void const* p) { return reinterpret_cast<std::uintptr_t>(p) % 16 == 0; }

  template <class Random>
  batched_view<T, Input, Random> view_of(Random const& random) const {
    return {random,
            tile_.tokens,
            shape_.channels,
            tile_.first,
            ar_step_,
            shape_.input_copies,
            false,
            false,
            tile_.images + tile_.first,
            tile_.positions + tile_.first};
  }

  /// Slots that are read later; the first may be the input, which is written anyway.
  template <class View>
  void keep(View& view, detail::row_use<row_type> const& use) const {
    constexpr bool shared = detail::batched_memory<row_type, Input, Output>::input_is_state;
    for (int i = shared ? 1 : 0; i < row_type::slots; ++i)
      if (use.keeps_slot[i]) view.slot_out[i] = memory_.slot[i];
  }

  tile tile_;
  int ar_step_;
  network_shape<Input, Output> shape_;
  detail::batched_memory<row_type, Input, Output> memory_;
  std::span<row_type const> rows_;
  ar_step_numbers numbers_;
  float* samples_;
  unsigned long long* nonfinite_;
};

/// @brief Draws a tile's tokens on the host: `network` is called once a row, and between the calls all groups of the
/// executor share the tokens. The bits of `trajectory` at the same instruction-set level, on any number of threads.
///
/// @param executor  a host executor
/// @param sampler,ar_step,t,shape,workspace,samples,nonfinite  see batched_trajectory
/// @param network   `network(time, input, output)`: reads input [input_copies][tokens][channels] and writes output
///                  [branches][tokens][outputs]. What it throws is passed on
/// @param random    a random_source
/// @throws std::invalid_argument if sizes do not fit one another
template <class Executor, class Sampler, class Input, class Output, class Network, random_source Random>
void draw_batched(Executor const& executor, Sampler const& sampler, int ar_step, tile const& t,
                  network_shape<Input, Output> const& shape, Network&& network, Random const& random,
                  std::span<std::byte> workspace, float* samples, unsigned long long* nonfinite = nullptr) {
  detail::check_predicted<Sampler, Network>();
  const batched_trajectory<Sampler, Input, Output> batched(sampler, ar_step, t, shape, workspace, samples, nonfinite);
  if (t.tokens < 1) return;
  const int tiles = t.tokens < executor.groups() ? t.tokens : executor.groups();
  const auto for_all = [&](int calls, auto const& body) {
    executor.run_tiles(tiles, [&](auto& block, auto&, int part, int) {
      block.elements(share_of(t.tokens, part, tiles), {0, calls, 1}, body);
    });
  };
  const auto start = batched.start(random);
  for_all(batched_calls(start), [&start](int r, int q) ARDENT_INLINE_LAMBDA { batched_start(start, r, q); });
  for (int k = 0; k < batched.evaluations(); ++k) {
    network(batched.time(k), batched.input(), batched.output());
    const auto step = batched.step(k, static_cast<Output const*>(batched.output()), random);
    for_all(batched_calls(step),
            [&step](int r, int q) ARDENT_INLINE_LAMBDA { batched_step<Sampler::branches>(step, r, q); });
  }
}

}  // namespace v0
}  // namespace ardent
