// SPDX-License-Identifier: Apache-2.0
//
// The body of draw_format(): MAR as ardent::cuda::generation sees it, and batches on a stream. Included by the files
// that instantiate it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <ardent/cuda/any_head.hpp>
#include <ardent/cuda/generate.hpp>
#include <ardent/denoiser/dense_adaln_layout.hpp>
#include <ardent/denoiser/tiled_adaln_layout.hpp>

#include "common/network/aligned_memory.hpp"
#include "draw_format.hpp"
#include "mar/samplers.hpp"
#include "memory.hpp"
#include "network.hpp"

namespace examples::mar::gpu {

/// @brief A head's weights on the device.
template <class Format>
class device_head {
  using dense = ardent::cuda::product_storage<Format>;

 public:
  /// @param tensors kept: the times are embedded on the host
  /// @param for_products a second copy, for AR steps that are drawn by matrix products
  device_head(adaln_tensors tensors, bool for_products)
      : tensors_(std::move(tensors)),
        tiled_(uploaded(
            ardent::tiled_bytes<Format>(tensors_.shape()),
            [&](void* image) { ardent::pack_tiled_adaln<Format>(tensors_.shape(), tensors_.weights(), image); })),
        nonfinite_(sizeof(unsigned long long)) {
    if (for_products)
      dense_ = uploaded(ardent::dense_bytes<dense>(tensors_.shape()), [&](void* image) {
        ardent::pack_dense_adaln<dense>(tensors_.shape(), tensors_.weights(), image);
      });
    unsigned long long const none = 0;
    nonfinite_.upload(std::as_bytes(std::span(&none, 1)));
  }

  /// @brief For generations.
  [[nodiscard]] ardent::cuda::any_head_weights<Format> view() const {
    return {{tensors_.shape(), tiled_.data(), tensors_.weights().time_in, tensors_.weights().time_out,
             reinterpret_cast<unsigned long long*>(nonfinite_.data())},
            dense_ ? dense_->data() : nullptr};
  }
  /// @brief How many outputs were infinite or NaN so far. Waits.
  [[nodiscard]] unsigned long long nonfinite() const {
    unsigned long long count = 0;
    ardent::cuda::check(cudaMemcpy(&count, nonfinite_.data(), sizeof count, cudaMemcpyDeviceToHost),
                        "reading a counter");
    return count;
  }

 private:
  template <class Pack>
  static device_memory uploaded(std::size_t bytes, Pack const& pack) {
    aligned_memory image(bytes);
    pack(image.data());
    device_memory to(bytes);
    to.upload(std::span(image.data(), bytes));
    return to;
  }

  adaln_tensors tensors_;
  device_memory tiled_;
  std::optional<device_memory> dense_;
  device_memory nonfinite_;
};

/// @brief When the AR steps of a batch were reached on the device. Steps are told while later ones run: the device
/// never waits for the host.
class step_times {
 public:
  /// @param tell tell(AR step, seconds in the backbone) when a step is done
  step_times(int ar_steps, std::function<void(int, double)> tell)
      : steps_(static_cast<std::size_t>(ar_steps)), tell_(std::move(tell)) {}

  void begun(cudaStream_t stream, int ar_step) { at(ar_step).begun.record(stream); }
  void conditioned(cudaStream_t stream, int ar_step) { at(ar_step).conditioned.record(stream); }
  void enqueued(cudaStream_t stream, int ar_step) {
    at(ar_step).done.record(stream);
    tell_until(ar_step - ahead);
    if (ar_step + 1 == static_cast<int>(steps_.size())) {
      tell_until(ar_step);
      told_ = 0;
    }
  }

 private:
  static constexpr int ahead = 2;
  struct step {
    event begun, conditioned, done;
  };
  step& at(int ar_step) { return steps_[static_cast<std::size_t>(ar_step)]; }
  void tell_until(int ar_step) {
    for (; told_ <= ar_step; ++told_) {
      step const& s = at(told_);
      s.done.wait();
      tell_(told_, s.conditioned.since(s.begun));
    }
  }

  std::vector<step> steps_;
  std::function<void(int, double)> tell_;
  int told_ = 0;
};

/// @brief A batch of labelled images. Models ardent::cuda::device_model.
template <class Format>
struct device_model {
  device_network& network;
  device_head<Format> const& weights;
  int const* labels;
  step_times& times;

  [[nodiscard]] int sequence_length() const { return network.sequence_length(); }
  [[nodiscard]] ardent::cuda::any_head_weights<Format> head() const { return weights.view(); }
  void condition(cudaStream_t stream, ardent::ar_step_view const& view, float* z) {
    times.begun(stream, view.ar_step);
    network.condition(stream, view, labels, z);
    times.conditioned(stream, view.ar_step);
  }
};

/// @brief Draws all images with one sampler, batch after batch.
template <class Format, class Sampler>
drawing draw_with(Sampler const& sampler, checkpoint const& trained, request const& what, bool backbone_in_bfloat16) {
  drawing result{planned_cost(sampler), {}};
  token_room room = room_for(what, trained.sizes());
  std::size_t const most = std::min(static_cast<std::size_t>(what.batch), what.labels.size());
  stream const on;
  device_network network(trained.network(), backbone_in_bfloat16);
  adaln_tensors tensors = trained.head_tensors();
  bool const by_products =
      ardent::cuda::takes_products(sampler, static_cast<int>(most)) && tensors.shape().width() % 8 == 0;
  device_head<Format> const head(std::move(tensors), by_products);
  device_memory const labels(most * sizeof(int)), tokens(room.of(0, most).size_bytes());
  int images = 0;  // of the batch
  step_times times(sampler.ar_steps(), [&](int ar_step, double backbone_seconds) {
    auto const i = static_cast<std::size_t>(ar_step);
    result.backbone_seconds += backbone_seconds;
    what.watch(ar_step, images * result.ar_tokens[i], result.steps[i]);
  });
  device_model<Format> model{network, head, reinterpret_cast<int const*>(labels.data()), times};

  auto const start = std::chrono::steady_clock::now();
  std::vector<image_range> const all = what.batches();
  for (auto batch = all.begin(); batch != all.end();) {
    // batches of one size with one generation
    images = batch->count;
    auto const count = static_cast<std::size_t>(images);
    network.prepare(images, Sampler::branches, result.ar_tokens);
    device_memory const workspace(ardent::cuda::workspace_bytes(sampler, model, images));
    ardent::cuda::generation generation(on.get(), sampler, model, images,
                                        std::span(workspace.data(), workspace.size()));
    for (; batch != all.end() && batch->count == images; ++batch) {
      auto const first = static_cast<std::size_t>(batch->first);
      ardent::cuda::check(cudaMemcpyAsync(labels.data(), what.labels.data() + first, count * sizeof(int),
                                          cudaMemcpyHostToDevice, on.get()),
                          "copying labels to the device");
      generation.run(on.get(), ardent::random::philox(what.seed), static_cast<std::uint32_t>(first),
                     reinterpret_cast<float*>(tokens.data()),
                     [&](ardent::ar_step_report const& report) { times.enqueued(on.get(), report.ar_step); });
      std::span<float> const drawn = room.of(first, count);
      ardent::cuda::check(
          cudaMemcpyAsync(drawn.data(), tokens.data(), drawn.size_bytes(), cudaMemcpyDeviceToHost, on.get()),
          "copying tokens from the device");
      on.wait();
      room.finished(first, count);
    }
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() - room.seconds();
  result.tokens = std::move(room).kept();
  result.nonfinite = head.nonfinite();
  return result;
}

template <class Format>
drawing draw_format(checkpoint const& trained, request const& what, bool backbone_in_bfloat16) {
  return with_sampler(what.how, trained.sizes().seq_len(), [&](auto const& sampler) {
    return draw_with<Format>(sampler, trained, what, backbone_in_bfloat16);
  });
}

}  // namespace examples::mar::gpu
