// SPDX-License-Identifier: Apache-2.0
//
// Trajectories on a GPU: ardent::cuda::head_trajectory with the caller's tensors as its views.
#include "device_head.hpp"

#include <ardent/cuda/head.hpp>
#include <ardent/denoiser/tiled_adaln_layout.hpp>
#include <ardent/tile/format.hpp>

#include <cstdint>
#include <stdexcept>

namespace ardent_torch {
namespace {

template <class Format>
class tiled_head final : public device_head {
 public:
  explicit tiled_head(ardent::adaln_shape<> const& shape) : shape_(shape), bytes_(ardent::tiled_bytes<Format>(shape)) {}

  [[nodiscard]] std::size_t packed_bytes() const override { return bytes_; }
  void pack(ardent::adaln_weights const& weights, void* memory) const override {
    ardent::pack_tiled_adaln<Format>(shape_, weights, memory);
  }
  [[nodiscard]] std::size_t workspace_bytes(call const& what, void const* packed) const override {
    return with_sampler(what, [&]<class Sampler>(Sampler const& sampler) {
      return trajectory<Sampler>(sampler, shape_, packed).workspace_bytes(what.tokens);
    });
  }
  void enqueue(void* stream, call const& what, void const* packed, float const* times, int const* time_index,
               void* workspace, std::size_t bytes) const override {
    ardent::tile all;
    all.total = what.tokens;
    all.conditions = what.z;
    all.images = reinterpret_cast<std::uint32_t const*>(what.image);
    all.positions = what.position;
    all.times = times;
    all.time_index = time_index;
    with_sampler(what, [&]<class Sampler>(Sampler const& sampler) {
      trajectory<Sampler>(sampler, shape_, packed)
          .enqueue(static_cast<cudaStream_t>(stream), 0, all, call_noise(what), workspace, bytes, what.out);
    });
  }

 private:
  template <class Sampler>
  using trajectory = ardent::cuda::head_trajectory<Sampler, Format, ardent::adaln_shape<>, call_noise>;

  ardent::adaln_shape<> shape_;
  std::size_t bytes_;
};

}  // namespace

std::unique_ptr<device_head> make_device_head(std::string const& storage, ardent::adaln_shape<> const& shape) {
  if (storage == "float32") return std::make_unique<tiled_head<ardent::format::fp32>>(shape);
  if (storage == "bfloat16") return std::make_unique<tiled_head<ardent::format::bf16>>(shape);
  throw std::invalid_argument("expected storage float32 or bfloat16, found " + storage);
}

}  // namespace ardent_torch
