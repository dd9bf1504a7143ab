// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The groups of a GPU: a block of warps with tensor cores, and a grid whose blocks wait for one another. Needs
/// nvcc.

#include <ardent/group/group.hpp>
#include <ardent/tile/format.hpp>

#include <cstddef>
#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief A block of CUDA threads; a tile_block.
/// @tparam Threads  threads of a block, a multiple of 32
template <int Threads>
class cuda_block : public detail::spread_by_threads<cuda_block<Threads>> {
  static_assert(Threads % warp_size == 0 && Threads >= warp_size,
                "ardent::cuda_block: the number of threads is not a multiple of 32. Use whole warps.");

 public:
  /// @brief This thread's block. All threads of a warp construct it together: the compiler learns that they agree on
  /// their warp, and keeps loops over warps free of code for the case that they do not.
  __device__ cuda_block() : warp_(__shfl_sync(0xffffffffu, static_cast<int>(threadIdx.x) / warp_size, 0)) {}

  __device__ static int rank() { return static_cast<int>(threadIdx.x); }              ///< this thread
  ARDENT_HD static constexpr int size() { return Threads; }                           ///< threads of the block
  __device__ static int lane() { return static_cast<int>(threadIdx.x) % warp_size; }  ///< this thread in its warp
  __device__ int warp() const { return warp_; }                                       ///< its warp
  ARDENT_HD static constexpr int warps() { return Threads / warp_size; }              ///< warps of the block
  /// @brief Waits for all threads of the block.
  __device__ static void sync() { __syncthreads(); }

  /// @brief See tile_block: one mma.sync.
  template <fragment_kind Kind>
  __device__ static void multiply(float (&c)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2]) {
    if constexpr (Kind == fragment_kind::bf16)
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    else if constexpr (Kind == fragment_kind::fp16)
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    else
      asm volatile(
          "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }

  /// @brief See tile_block.
  __device__ static float warp_sum(float v) {
    for (int width = warp_size / 2; width > 0; width /= 2) v += __shfl_xor_sync(0xffffffffu, v, width);
    return v;
  }

 private:
  int warp_;
};

/// @brief All blocks of a launch, which must all be on the device at once: of a cooperative launch.
class cuda_grid {
 public:
  /// @param arrivals  in device memory, 0 when the launch starts; of no other launch at the same time
  __device__ explicit cuda_grid(unsigned* arrivals) : arrivals_(arrivals) {}

  __device__ static int rank() { return static_cast<int>(blockIdx.x); }  ///< this block
  __device__ static int size() { return static_cast<int>(gridDim.x); }   ///< number of blocks
  /// @brief Waits for all threads of all blocks. (Cooperative groups' own sync makes the compiler lose sight of which
  /// threads run together; for some architectures it then emits calls around every later sync and shuffle.)
  template <class Block>
  __device__ void sync(Block& block) {
    expected_ += gridDim.x;
    block.sync();
    if (threadIdx.x == 0) {
      const auto at = __cvta_generic_to_global(arrivals_);
      unsigned arrived;
      asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(at) : "memory");
      do {
        asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(arrived) : "l"(at) : "memory");
      } while (static_cast<int>(arrived - expected_) < 0);
    }
    block.sync();
  }

 private:
  unsigned* arrivals_;
  unsigned expected_ = 0;
};

}  // namespace v0
}  // namespace ardent
