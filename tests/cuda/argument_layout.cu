// SPDX-License-Identifier: Apache-2.0
//
// Probes of kernel arguments: each stores what the compiler takes for its argument's size, which argument_layout.py
// compares with the size that the kernel is declared with.
//
// nvcc 13.0 gives a class of which all members are empty and [[no_unique_address]] no size in device code, and one byte
// on the host: as an ordinary member (here in `control`) it moves all that follows by up to 8 bytes.
#include <ardent/ardent.hpp>
#include <ardent/cuda/batched.hpp>
#include <ardent/cuda/head.hpp>
#include <ardent/cuda/pointwise.hpp>

#include <cstddef>

namespace {

using static_shape = ardent::adaln_shape<16, 32, 1024, 6, 768>;
using dynamic_shape = ardent::adaln_shape<>;
using half_static_shape = ardent::adaln_shape<16, 32, ardent::dynamic, 6, ardent::dynamic>;
using ardent::random::philox;
using row = ardent::row<float, 1, 1, ardent::row_parts{true, false, true, false, true}>;

template <class Shape>
using of_head = ardent::cuda::detail::head_arguments<
    row,
    ardent::denoiser::tiled_adaln_mlp<ardent::format::bf16, Shape,
                                      ardent::cuda::plan_of(ardent::cuda::head_regime::resident)>,
    philox, 64>;

/// What a user's denoiser may be: numbers that the compiler knows, and nothing else.
struct static_function {
  [[no_unique_address]] ardent::number<int, 3> channels;
  [[no_unique_address]] ardent::number<int, 4> components;
};
template <class Function>
using of_pointwise = ardent::cuda::detail::pointwise_arguments<2, 4, row, Function, philox>;

struct control {
  static_shape shape;
  void* after;
};

}  // namespace

template <class T>
__global__ void probe(T, std::size_t* out) {
  *out = sizeof(T);
}

#define PROBE(...) template __global__ void probe<__VA_ARGS__>(__VA_ARGS__, std::size_t*)
PROBE(of_head<static_shape>);
PROBE(of_head<half_static_shape>);
PROBE(of_head<dynamic_shape>);
PROBE(of_pointwise<static_function>);
PROBE(of_pointwise<ardent::denoiser::gaussian_mixture<4>>);
PROBE(ardent::batched_arguments<row, float, ardent::float16, philox>);
PROBE(ardent::batched_view<float, float, philox>);
PROBE(control);
