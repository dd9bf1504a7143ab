// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Supported compilers, and the few macros the headers use.
///
/// The macros below describe the compiler. None of them changes what the library does; the only switch a user may
/// set is `ARDENT_ALLOW_FAST_MATH`, which lifts the refusal of `-ffast-math`.

#include <ardent/version.hpp>

#if defined(_MSC_VER) && !defined(__clang__)
#  error "ardent: MSVC is not supported. Use g++ 12, clang 18 or nvcc 13.0, or newer."
#elif defined(__CUDACC__) && defined(__CUDACC_VER_MAJOR__) && __CUDACC_VER_MAJOR__ < 13
#  error "ardent: this nvcc is too old. Use CUDA 13.0 or newer."
#elif defined(__clang__) && __clang_major__ < 18
#  error "ardent: this clang is too old (no floating-point template arguments). Use clang 18 or newer."
#elif defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 12
#  error "ardent: this g++ is too old. Use g++ 12 or newer."
#endif

#if __cplusplus < 202002L
#  error "ardent: C++20 is needed. Compile with -std=c++20."
#endif

#if defined(__FAST_MATH__) && !defined(ARDENT_ALLOW_FAST_MATH)
#  error \
      "ardent: -ffast-math breaks the promise that equal seeds give equal tokens. Drop it, or define ARDENT_ALLOW_FAST_MATH."
#endif

#if defined(__CUDACC__)
/// A function for host and device; nothing where no nvcc compiles.
#  define ARDENT_HD __host__ __device__
/// Before a template over groups: some groups live on the host only, and nvcc need not warn of their calls.
#  define ARDENT_ANY_GROUP _Pragma("nv_exec_check_disable")
#else
#  define ARDENT_HD
#  define ARDENT_ANY_GROUP
#endif

/// Kernel bodies are inlined into wrappers that carry an instruction-set attribute, so they must inline or fail.
#define ARDENT_INLINE [[gnu::always_inline]] ARDENT_HD inline
/// The same for host code.
#define ARDENT_HOST_INLINE [[gnu::always_inline]] inline

/// The same for a lambda's call operator: it stands after the parameter list.
#define ARDENT_INLINE_LAMBDA __attribute__((always_inline))
