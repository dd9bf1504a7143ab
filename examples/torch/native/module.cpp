// SPDX-License-Identifier: Apache-2.0
//
// PyTorch's side: tensors in, tensors out. The Python package around it (ardent_torch) has checked names, types, shapes
// and devices, and says so in its users' words; what could reach memory that is not there is checked here again.
#include <torch/extension.h>

#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/two_stage.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "call.hpp"
#include "host_head.hpp"

#ifdef ARDENT_TORCH_CUDA
#  include <c10/cuda/CUDAGuard.h>
#  include <c10/cuda/CUDAStream.h>

#  include "device_head.hpp"
#endif

namespace ardent_torch {
namespace {

/// A tensor's numbers, if it is what was promised: of this type, on this device, contiguous, of this size.
template <class T>
T* numbers_of(at::Tensor const& tensor, char const* name, std::int64_t size, at::Device device) {
  constexpr at::ScalarType type = c10::CppTypeToScalarType<T>::value;
  TORCH_CHECK_VALUE(
      tensor.scalar_type() == type && tensor.device() == device && tensor.is_contiguous() && tensor.numel() == size,
      "expected ", name, " to be ", size, " contiguous numbers of type ", type, " on ", device, ", found ",
      tensor.numel(), " of type ", tensor.scalar_type(), " on ", tensor.device());
  return tensor.data_ptr<T>();
}

/// Views of a head's tensors: float32, on the host, in the order of weights.py.
ardent::adaln_weights weights_of(std::vector<at::Tensor> const& tensors, ardent::adaln_shape<> const& shape) {
  std::size_t place = 0;
  auto const vector = [&](std::int64_t size) -> float const* {
    TORCH_CHECK_VALUE(place < tensors.size(), "expected more tensors than ", tensors.size());
    return numbers_of<float>(tensors[place++], "a weight", size, at::kCPU);
  };
  auto const linear = [&](std::int64_t inputs, std::int64_t outputs) {
    float const* const weight = vector(inputs * outputs);
    return ardent::linear_weights{weight, vector(outputs)};
  };
  std::int64_t const width = shape.width();
  ardent::adaln_weights weights;
  weights.time_in = linear(ardent::time_sinusoids, width);
  weights.time_out = linear(width, width);
  weights.condition = linear(shape.condition_width(), width);
  weights.input = linear(shape.channels(), width);
  for (int d = 0; d < shape.depth(); ++d) {
    ardent::adaln_block_weights& block = weights.blocks.emplace_back();
    block.norm_weight = vector(width);
    block.norm_bias = vector(width);
    block.mlp_in = linear(width, width);
    block.mlp_out = linear(width, width);
    block.modulation = linear(width, 3 * width);
  }
  weights.final_modulation = linear(width, 2 * width);
  weights.output = linear(width, shape.outputs());
  TORCH_CHECK_VALUE(place == tensors.size(), "expected ", place, " tensors, found ", tensors.size());
  return weights;
}

/// channels, width, depth, condition width
struct sizes {
  int channels, width, depth, condition_width;
  [[nodiscard]] ardent::adaln_shape<> shape() const { return {channels, 2 * channels, width, depth, condition_width}; }
};

/// The training steps that `steps` denoising steps visit, noisiest first.
std::vector<int> timesteps(int steps, int latest) {
  call what;
  what.tokens = 1;
  what.steps = steps;
  what.latest = latest;
  return with_sampler(what, [](auto const& sampler) {
    std::vector<int> visited;
    for (auto const& row : sampler.rows(0)) visited.push_back(static_cast<int>(row.timestep));
    return visited;
  });
}

/// What a call is given in Python, besides what it is drawn on.
struct given {
  at::Tensor z, image, position;
  std::optional<at::Tensor> start, draws;
  bool guided = false;
  int steps = 0, latest = 0, ar_step = 0;
  double guidance_scale = 1, temperature = 1;
  std::uint64_t seed = 0;
};

/// The call, and the tensor that its tokens go to: views of what `from` holds.
std::pair<call, at::Tensor> call_of(given const& from, sizes const& of) {
  int const branches = from.guided ? 2 : 1;
  at::Device const device = from.z.device();
  TORCH_CHECK_VALUE(from.z.dim() == 2 && from.z.size(0) % branches == 0 && from.z.size(0) > 0 &&
                        from.z.size(0) * std::max(of.condition_width, 2 * of.channels) <= INT32_MAX,
                    "expected z to be a matrix of rows for ", branches, " branches, below 2^31 numbers, found ",
                    from.z.sizes());
  TORCH_CHECK_VALUE(from.ar_step >= 0 && from.ar_step < 65536 && from.latest >= 0 && from.latest < 1000,
                    "expected an AR step in [0, 65536) and a bound of the grid in [0, 1000), found ", from.ar_step,
                    " and ", from.latest);
  call what;
  what.tokens = static_cast<int>(from.z.size(0) / branches);
  what.guided = from.guided;
  what.steps = from.steps;
  what.latest = from.latest;
  what.ar_step = from.ar_step;
  what.guidance_scale = from.guidance_scale;
  what.temperature = from.temperature;
  what.seed = from.seed;
  std::int64_t const size = std::int64_t{what.tokens} * of.channels;
  what.z = numbers_of<float>(from.z, "z", from.z.size(0) * of.condition_width, device);
  what.image = numbers_of<int>(from.image, "the rows' images", what.tokens, device);
  what.position = numbers_of<int>(from.position, "the rows' positions", what.tokens, device);
  TORCH_CHECK_VALUE(from.start.has_value() == from.draws.has_value(),
                    "expected noise for the start and the steps, found one of the two");
  if (from.start) {
    auto const steps = static_cast<std::int64_t>(timesteps(from.steps, from.latest).size());
    what.start = numbers_of<float>(*from.start, "the starting noise", size, device);
    what.draws = numbers_of<float>(*from.draws, "the steps' noise", steps * size, device);
  }
  at::Tensor tokens = at::empty({what.tokens, of.channels}, from.z.options());
  what.out = tokens.data_ptr<float>();
  return {what, tokens};
}

/// A head of the host's.
class host {
 public:
  host(sizes const& of, std::vector<at::Tensor> const& tensors, std::string const& storage, int threads)
      : sizes_(of), head_(make_host_head(storage, of.shape(), weights_of(tensors, of.shape()), threads)) {}

  at::Tensor sample(given const& from) const {
    TORCH_CHECK_VALUE(from.z.device().is_cpu(), "expected z on the CPU, found it on ", from.z.device());
    auto const [what, tokens] = call_of(from, sizes_);
    {
      py::gil_scoped_release const others_run;
      head_->sample(what);
    }
    return tokens;
  }

 private:
  sizes sizes_;
  std::unique_ptr<host_head> head_;
};

#ifdef ARDENT_TORCH_CUDA
/// A head on a GPU.
class device {
 public:
  /// @param times  [1000][W] on that GPU: each training step's embedding
  device(sizes const& of, std::vector<at::Tensor> const& tensors, std::string const& storage, at::Tensor times)
      : sizes_(of), head_(make_device_head(storage, of.shape())), times_(std::move(times)) {
    TORCH_CHECK_VALUE(times_.device().is_cuda(), "expected the times on a GPU, found them on ", times_.device());
    numbers_of<float>(times_, "the times", std::int64_t{1000} * of.width, times_.device());
    at::Tensor const packed = at::empty({static_cast<std::int64_t>(head_->packed_bytes())}, at::kByte);
    head_->pack(weights_of(tensors, of.shape()), packed.data_ptr());
    packed_ = packed.to(times_.device());
  }

  /// @param time_index  the training steps visited, noisiest first, int32 on that GPU
  at::Tensor sample(given const& from, at::Tensor const& time_index) const {
    at::Device const here = times_.device();
    TORCH_CHECK_VALUE(from.z.device() == here, "expected z on ", here, ", found it on ", from.z.device());
    c10::cuda::CUDAGuard const current(here);
    auto const [what, tokens] = call_of(from, sizes_);
    auto const visited = static_cast<std::int64_t>(timesteps(from.steps, from.latest).size());
    int const* const index = numbers_of<int>(time_index, "the time index", visited, here);
    std::size_t const bytes = head_->workspace_bytes(what, packed_.data_ptr());
    // given back when this returns: PyTorch's memory is handed out again in the order of the stream
    at::Tensor const workspace = at::empty({static_cast<std::int64_t>(bytes)}, packed_.options());
    c10::cuda::CUDAStream const stream = c10::cuda::getCurrentCUDAStream(here.index());
    // these were made on another stream, perhaps: if they go, their memory waits for this one
    for (at::Tensor const& kept : {packed_, times_, time_index}) kept.record_stream(stream);
    head_->enqueue(stream.stream(), what, packed_.data_ptr(), times_.data_ptr<float>(), index, workspace.data_ptr(),
                   bytes);
    return tokens;
  }

 private:
  sizes sizes_;
  std::unique_ptr<device_head> head_;
  at::Tensor times_, packed_;
};
#endif

/// Steps of an annealing by name at an AR step.
int annealed_steps(std::string const& name, int upper, int lower, int ar_step, int ar_steps) {
  if (name == "linear") return ardent::annealing::linear(upper, lower).steps(ar_step, ar_steps);
  if (name == "cosine") return ardent::annealing::cosine(upper, lower).steps(ar_step, ar_steps);
  if (name == "two_stage") return ardent::annealing::two_stage(upper, lower).steps(ar_step, ar_steps);
  throw std::invalid_argument("expected annealing linear, cosine or two_stage, found " + name);
}

}  // namespace
}  // namespace ardent_torch

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  using namespace ardent_torch;
  m.doc() = "What ardent_torch calls; not for users.";
  m.def("timesteps", &timesteps);
  m.def("annealed_steps", &annealed_steps);
  py::class_<sizes>(m, "Sizes").def(py::init<int, int, int, int>());
  py::class_<given>(m, "Given")
      .def(py::init<>())
      .def_readwrite("z", &given::z)
      .def_readwrite("image", &given::image)
      .def_readwrite("position", &given::position)
      .def_readwrite("start", &given::start)
      .def_readwrite("draws", &given::draws)
      .def_readwrite("guided", &given::guided)
      .def_readwrite("steps", &given::steps)
      .def_readwrite("latest", &given::latest)
      .def_readwrite("ar_step", &given::ar_step)
      .def_readwrite("guidance_scale", &given::guidance_scale)
      .def_readwrite("temperature", &given::temperature)
      .def_readwrite("seed", &given::seed);
  py::class_<host>(m, "Host")
      .def(py::init<sizes const&, std::vector<at::Tensor> const&, std::string const&, int>())
      .def("sample", &host::sample);
#ifdef ARDENT_TORCH_CUDA
  m.attr("has_cuda") = true;
  py::class_<device>(m, "Device")
      .def(py::init<sizes const&, std::vector<at::Tensor> const&, std::string const&, at::Tensor>())
      .def("sample", &device::sample);
#else
  m.attr("has_cuda") = false;
#endif
}
