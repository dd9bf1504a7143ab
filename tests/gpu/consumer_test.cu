// SPDX-License-Identifier: Apache-2.0
//
// The outside project tests/consumer/cuda, whose program draws from two shared objects and two translation units that
// have the same kernel. Meson and CMake build it in CI, which has no GPU to launch it on. All of it is in its own
// files.
//
// own main
// sources: tests/consumer/cuda/main.cpp tests/consumer/cuda/here.cu tests/consumer/cuda/there.cu
// shared: tests/consumer/cuda/left.cu tests/consumer/cuda/right.cu
