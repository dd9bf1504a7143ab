// SPDX-License-Identifier: Apache-2.0
#pragma once

// The arrays of a generation, in one workspace.

#include <ardent/denoiser/denoiser.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/detail/order_memory.hpp>
#include <ardent/trajectory.hpp>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace detail {

/// What the time table has an entry for: a time, or with a step size that is told too, both.
template <class Denoiser>
using told_time = std::conditional_t<takes_step_size<Denoiser>, timed_step, float>;

template <class Told, class Row>
constexpr Told told_of(Row const& row) {
  if constexpr (std::is_same_v<Told, float>)
    return static_cast<float>(row.timestep);
  else
    return {static_cast<float>(row.timestep), static_cast<float>(row.step_size)};
}

template <class Sampler, class Denoiser>
class generation_memory : public order_memory {
  static constexpr int times_at_once = 64;  // bounds the scratch, whatever the number of times
  using told = told_time<Denoiser>;

 public:
  float* conditions = nullptr;  // [branches][images][tokens of the AR step][condition_width]
  float* samples = nullptr;     // [images][tokens of the AR step][channels]
  float* times = nullptr;       // [distinct times][time_features]
  int* time_index = nullptr;    // for each row of each AR step
  int* first_row = nullptr;     // [ar_steps], into time_index

  template <class Executor>
  generation_memory(Sampler const& sampler, Denoiser const& denoiser, Executor const& executor, int image_count,
                    std::byte* memory)
      : generation_memory(sampler, denoiser, executor, image_count, memory, arena(memory)) {}

  std::size_t bytes() const { return bytes_; }

  /// Steps that the denoiser prepares at once on a tile of an AR step that has the machine to itself.
  int steps_at_once(int total, int steps) const {
    if constexpr (hoists)
      if (steps > 0 && total > 0) return denoiser_->hoisted_steps(rows_of_tile(total), steps);
    return 1;
  }

  template <class Executor>
  void prepare_times(Sampler const& sampler, Denoiser const& denoiser, Executor const& executor) {
    int row = 0;
    for (int i = 0; i < sampler.ar_steps(); ++i) {
      first_row[i] = row;
      for (auto const& r : sampler.rows(i))
        time_index[row++] =
            static_cast<int>(std::lower_bound(distinct_, distinct_ + distinct_count_, told_of<told>(r)) - distinct_);
    }
    if (denoiser.time_features() == 0) return;
    const int chunks = (distinct_count_ + times_at_once - 1) / times_at_once;
    executor.run_tiles(chunks, [&](auto& block, auto&, int chunk, int worker) {
      const int first = chunk * times_at_once;
      denoiser.prepare_times(block, distinct_ + first, std::min(times_at_once, distinct_count_ - first),
                             times + static_cast<std::ptrdiff_t>(first) * denoiser.time_features(),
                             time_scratch_ + time_scratch_size_ * static_cast<std::size_t>(worker));
    });
  }

  /// The memory of a worker that has a tile to itself.
  trajectory_memory of_worker(int worker) const { return part(worker, worker); }
  /// The memory of a team's member: its own state, the others' output and activations. With one worker, its own.
  trajectory_memory of_team(int worker, int steps_at_once) const {
    trajectory_memory m = part(worker, 0);
    if (steps_at_once > 1) m.shared = hoisted_;
    return m;
  }

 private:
  template <class Executor>
  generation_memory(Sampler const& sampler, Denoiser const& denoiser, Executor const& executor, int image_count,
                    std::byte* memory, arena a)
      : order_memory(a, sampler.sequence_length(), image_count, sampler.most_tokens()) {
    const int total = image_count * sampler.most_tokens();
    const auto most = static_cast<std::size_t>(total);
    const auto rows = static_cast<std::size_t>(sampler.nfe());
    conditions = a.take<float>(most * static_cast<std::size_t>(Sampler::branches * denoiser.condition_width()));
    samples = a.take<float>(most * static_cast<std::size_t>(denoiser.channels()));
    time_index = a.take<int>(rows);
    first_row = a.take<int>(static_cast<std::size_t>(sampler.ar_steps()));
    distinct_ = a.take<told>(rows);
    if (memory == nullptr) {
      std::vector<told> counting(rows);  // sizing comes before the workspace, so it may allocate
      distinct_count_ = collect_distinct(sampler, counting.data());
    } else {
      distinct_count_ = collect_distinct(sampler, distinct_);
    }
    const int groups = executor.groups();
    times =
        a.take<float>(static_cast<std::size_t>(distinct_count_) * static_cast<std::size_t>(denoiser.time_features()));
    time_scratch_size_ = denoiser.time_scratch(std::min(distinct_count_, times_at_once));
    time_scratch_ = a.take<float>(time_scratch_size_ * static_cast<std::size_t>(groups));

    // tiles of separate workers, or one tile of a team: they never run at once, so they share memory, but for what
    // only a tile that has the machine to itself prepares ahead
    denoiser_ = &denoiser;
    most_of_tile_ = denoiser.most_tokens(Sampler::branches);
    widest_ = std::min(total, most_of_tile_);
    tile_bytes_ = tile_layout(denoiser, widest_, nullptr, nullptr).used();
    tile_memory_ = a.take<std::byte>(tile_bytes_ * static_cast<std::size_t>(groups));
    hoisted_ = a.take<float>(hoisted_floats(sampler, image_count));
    bytes_ = a.used();
  }

  arena tile_layout(Denoiser const& denoiser, int tokens, std::byte* memory, trajectory_memory* out) const {
    arena a(memory);
    trajectory_memory m;
    const int network_rows = tokens * Sampler::branches;
    m.own = a.take<std::byte>(trajectory_state_bytes<typename Sampler::row_type>(denoiser.channels(), tokens));
    m.scratch = a.take<float>(denoiser.private_floats(network_rows));
    m.output = a.take<float>(static_cast<std::size_t>(network_rows) * static_cast<std::size_t>(denoiser.outputs()));
    m.shared = a.take<float>(denoiser.shared_floats(network_rows));
    if (out != nullptr) *out = m;
    return a;
  }

  static constexpr bool hoists = requires(Denoiser const& d) { d.hoisted_steps(1, 1); };

  /// Network rows of the largest tile that an AR step is cut into.
  int rows_of_tile(int total) const {
    const int tiles = (total + most_of_tile_ - 1) / most_of_tile_;
    return (total + tiles - 1) / tiles * Sampler::branches;
  }

  /// The most that any AR step shares when it prepares steps ahead.
  std::size_t hoisted_floats(Sampler const& sampler, int image_count) const {
    std::size_t most = 0;
    if constexpr (hoists)
      for (int i = 0; i < sampler.ar_steps(); ++i) {
        const int total = sampler.tokens(i) * image_count;
        const int at_once = steps_at_once(total, sampler.effective_steps(i));
        if (at_once > 1) most = std::max(most, denoiser_->shared_floats(rows_of_tile(total), at_once));
      }
    return most;
  }

  trajectory_memory part(int own, int shared) const {
    trajectory_memory mine, theirs;
    tile_layout(*denoiser_, widest_, tile_memory_ + tile_bytes_ * static_cast<std::size_t>(own), &mine);
    tile_layout(*denoiser_, widest_, tile_memory_ + tile_bytes_ * static_cast<std::size_t>(shared), &theirs);
    return {mine.own, theirs.output, theirs.shared, mine.scratch};
  }

  static int collect_distinct(Sampler const& sampler, told* out) {
    int count = 0;
    for (int i = 0; i < sampler.ar_steps(); ++i)
      for (auto const& r : sampler.rows(i)) out[count++] = told_of<told>(r);
    std::sort(out, out + count);
    return static_cast<int>(std::unique(out, out + count) - out);
  }

  int distinct_count_ = 0;
  int widest_ = 0;
  int most_of_tile_ = 1;
  told* distinct_ = nullptr;
  float* time_scratch_ = nullptr;
  std::size_t time_scratch_size_ = 0;
  std::byte* tile_memory_ = nullptr;
  float* hoisted_ = nullptr;
  std::size_t tile_bytes_ = 0;
  Denoiser const* denoiser_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
