// SPDX-License-Identifier: Apache-2.0
//
// The machine that carries out conditions.hpp on a stream.
#include "network.hpp"

#include <optional>
#include <string>

#include <ardent/group/cuda.hpp>

#include "common/error.hpp"
#include "conditions.hpp"
#include "memory.hpp"
#include "products.hpp"

namespace examples::mar::gpu {
namespace {

constexpr int threads = 256;

class device_block_of_threads : public ardent::cuda_block<threads> {
 public:
  __device__ static float warp_max(float v) {
    for (int width = ardent::warp_size / 2; width > 0; width /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, width));
    return v;
  }
};

template <class Body>
__global__ void __launch_bounds__(threads) each_kernel(const __grid_constant__ Body body, int count) {
  unsigned const i = blockIdx.x * threads + threadIdx.x;
  if (i < static_cast<unsigned>(count)) body(static_cast<int>(i));
}

template <class Body>
__global__ void __launch_bounds__(threads) rows_kernel(const __grid_constant__ Body body, int count) {
  device_block_of_threads block;
  body(block, ardent::strided_range{static_cast<int>(blockIdx.x), count, static_cast<int>(gridDim.x)});
}

struct stream_machine {
  cudaStream_t stream;
  products& by;

  template <class Body>
  void each(int count, Body const& body) {
    launch(each_kernel<Body>, count, threads, body);
  }
  template <class Body>
  void rows(int count, Body const& body) {
    launch(rows_kernel<Body>, count, threads / ardent::warp_size, body);
  }
  template <class Storage>
  void product(matrix_product<Storage> const& p) {
    by.enqueue(stream, p);
  }

 private:
  template <class Body>
  void launch(void (*kernel)(Body, int), int count, int of_block, Body const& body) {
    if (count == 0) return;
    unsigned const blocks =
        (static_cast<unsigned>(count) + static_cast<unsigned>(of_block) - 1) / static_cast<unsigned>(of_block);
    kernel<<<blocks, threads, 0, stream>>>(body, count);
    ardent::cuda::check(cudaGetLastError(), "launching a kernel of the transformer");
  }
};

// Goes through the list only to plan its products.
struct planning_machine {
  products& by;

  template <class Body>
  void each(int, Body const&) {}
  template <class Body>
  void rows(int, Body const&) {}
  template <class Storage>
  void product(matrix_product<Storage> const& p) {
    by.plan(p);
  }
};

}  // namespace

class device_network::body {
 public:
  virtual ~body() = default;
  virtual int most_images(int branches) const = 0;
  virtual void prepare(int images, int branches, std::vector<int> const& tokens) = 0;
  virtual void condition(cudaStream_t stream, ardent::ar_step_view const& view, int const* labels, float* z) = 0;
};

template <class Storage>
class device_network::body_of : public body {
 public:
  explicit body_of(backbone const& network)
      : sizes_(network.sizes()),
        memory_of_weights_(device_weights<Storage>(network.weights(), nullptr, nullptr).bytes),
        weights_(upload(network, memory_of_weights_)) {}

  int most_images(int branches) const override { return condition_memory<Storage>::most_images(sizes_, branches); }

  void prepare(int images, int branches, std::vector<int> const& tokens) override {
    std::size_t const bytes = condition_memory<Storage>(sizes_, images, branches, nullptr).bytes;
    if (!workspace_ || workspace_->size() < bytes) {
      workspace_.reset();  // before the new memory is taken
      workspace_.emplace(bytes);
    }
    memory_.emplace(sizes_, images, branches, workspace_->data());
    planning_machine machine{products_};
    ardent::ar_step_view view;
    view.images = images;
    view.branches = branches;
    for (int const count : tokens) {
      view.tokens_per_image = count;
      condition_list(machine, sizes_, weights_, *memory_).enqueue(view, nullptr, nullptr);
      view.tokens_known += count;
    }
  }

  void condition(cudaStream_t stream, ardent::ar_step_view const& view, int const* labels, float* z) override {
    stream_machine machine{stream, products_};
    condition_list(machine, sizes_, weights_, memory_.value()).enqueue(view, labels, z);
  }

 private:
  static device_weights<Storage> upload(backbone const& network, device_memory& to) {
    std::vector<std::byte> image(to.size());
    device_weights<Storage> const weights(network.weights(), image.data(), to.data());
    to.upload(image);
    return weights;
  }

  config sizes_;
  device_memory memory_of_weights_;
  device_weights<Storage> weights_;
  products products_;
  std::optional<device_memory> workspace_;
  std::optional<condition_memory<Storage>> memory_;
};

device_network::device_network(backbone const& network, bool bfloat16) : sizes_(network.sizes()) {
  if (bfloat16)
    body_ = std::make_unique<body_of<ardent::bfloat16>>(network);
  else
    body_ = std::make_unique<body_of<float>>(network);
}

device_network::~device_network() = default;

void device_network::prepare(int images, int branches, std::vector<int> const& tokens) {
  int const most = body_->most_images(branches);
  if (images > most)
    fail("--batch", "at most " + std::to_string(most) + " images of this model at a time on a GPU",
         std::to_string(images));
  body_->prepare(images, branches, tokens);
}

void device_network::condition(cudaStream_t stream, ardent::ar_step_view const& view, int const* labels, float* z) {
  body_->condition(stream, view, labels, z);
}

}  // namespace examples::mar::gpu
