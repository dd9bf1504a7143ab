// SPDX-License-Identifier: Apache-2.0
//
// Trajectories on the host: an AR step of ardent::generation, whose workspace is kept from call to call.
#include "host_head.hpp"

#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/generate.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <span>
#include <stdexcept>

#include "common/network/aligned_memory.hpp"

namespace ardent_torch {
namespace {

/// The tokens of a call as a model of `generation`: one image that is drawn at once.
template <class Storage>
struct call_model {
  call const& what;
  ardent::denoiser::adaln_mlp<Storage> head;

  [[nodiscard]] int sequence_length() const { return what.tokens; }
  [[nodiscard]] ardent::denoiser::adaln_mlp<Storage> denoiser() const { return head; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* z) const {
    std::copy_n(what.z, static_cast<std::ptrdiff_t>(view.branches) * what.tokens * head.condition_width(), z);
  }
};

template <class Storage>
class packed_host_head final : public host_head {
 public:
  packed_host_head(ardent::adaln_shape<> const& shape, ardent::adaln_weights const& weights, int threads)
      : shape_(shape), packed_(ardent::packed_bytes<Storage>(shape)), executor_(threads) {
    ardent::pack_adaln<Storage>(shape, weights, packed_.data());
  }

  void sample(call const& what) override {
    std::lock_guard const turn(mutex_);
    call_model<Storage> model{what, {shape_, packed_.data()}};
    with_sampler(what, [&]<class Sampler>(Sampler const& sampler) {
      std::size_t const bytes = ardent::workspace_bytes(sampler, model, executor_, 1);
      if (bytes > workspace_.size()) {
        workspace_ = {};  // first: not both at once
        workspace_ = examples::aligned_memory(bytes);
      }
      ardent::generation<Sampler, call_model<Storage>, ardent::executor::host>(
          sampler, model, executor_, 1, std::span(workspace_.data(), workspace_.size()))
          .run(call_noise(what), 0, std::span(what.out, static_cast<std::size_t>(what.tokens * shape_.channels())));
    });
  }

 private:
  ardent::adaln_shape<> shape_;
  examples::aligned_memory packed_, workspace_;
  ardent::executor::host executor_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<host_head> make_host_head(std::string const& storage, ardent::adaln_shape<> const& shape,
                                          ardent::adaln_weights const& weights, int threads) {
  if (storage == "float32") return std::make_unique<packed_host_head<float>>(shape, weights, threads);
  if (storage == "bfloat16") return std::make_unique<packed_host_head<ardent::bfloat16>>(shape, weights, threads);
  throw std::invalid_argument("expected storage float32 or bfloat16, found " + storage);
}

}  // namespace ardent_torch
