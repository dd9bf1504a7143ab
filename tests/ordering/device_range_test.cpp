// SPDX-License-Identifier: Apache-2.0
//
// Memory in any form that the functions of ardent::cuda take, with stand-ins for thrust::device_ptr and device_vector:
// the real ones are in tests/cuda/ordering.cu.
#include <doctest/doctest.h>

#include <ardent/cuda/range.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <list>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using ardent::cuda::device_memory;
using ardent::cuda::device_pointer;
using ardent::cuda::packed_weights;
using ardent::cuda::detail::bytes_of;
using ardent::cuda::detail::checked_pointer;

template <class T>
struct fancy_pointer {
  T* raw;
  T* get() const { return raw; }
};

template <class T>
struct fancy_vector {
  std::vector<T> elements;
  fancy_pointer<T> data() { return {elements.data()}; }
  fancy_pointer<T const> data() const { return {elements.data()}; }
  std::size_t size() const { return elements.size(); }
};

static_assert(device_memory<float*> && device_memory<float const* const&> && device_memory<std::span<int>>);
static_assert(device_memory<fancy_pointer<int>> && device_memory<fancy_vector<int>&>);
static_assert(device_memory<std::vector<int> const&> && device_memory<std::array<double, 3>&>);
static_assert(!device_memory<std::deque<int>&> && !device_memory<std::list<int>&> && !device_memory<int>);
static_assert(!device_memory<std::nullptr_t>);

template <class R>
using pointer = decltype(device_pointer(std::declval<R>()));
static_assert(std::is_same_v<pointer<fancy_vector<int>&>, int*>);
static_assert(std::is_same_v<pointer<fancy_vector<int> const&>, int const*>);
static_assert(std::is_same_v<pointer<std::span<int const>>, int const*>);
static_assert(std::is_same_v<pointer<float*&>, float*>);

template <class T>
constexpr bool are_weights = std::is_convertible_v<T, packed_weights>;
static_assert(are_weights<std::byte*> && are_weights<void const*> && are_weights<std::nullptr_t>);
static_assert(are_weights<fancy_pointer<int>> && are_weights<fancy_vector<std::byte> const&>);
static_assert(are_weights<std::span<std::byte const>> && !are_weights<std::deque<int>&> && !are_weights<int>);

}  // namespace

TEST_CASE("device_pointer: the first element of whatever holds it") {
  fancy_vector<int> vector{{1, 2, 3}};
  int* const raw = vector.elements.data();
  CHECK(device_pointer(vector) == raw);
  CHECK(device_pointer(std::as_const(vector)) == raw);
  CHECK(device_pointer(vector.data()) == raw);
  CHECK(device_pointer(raw) == raw);
  CHECK(device_pointer(std::span(raw, 2)) == raw);
  CHECK(checked_pointer<int const>(vector, 3, "f") == raw);
}

TEST_CASE("device_pointer: ranges that are too short and null pointers are refused") {
  fancy_vector<int> vector{{1, 2, 3}};
  CHECK_THROWS_WITH_AS(checked_pointer<int>(vector, 4, "enqueue_pick"),
                       "ardent::cuda::enqueue_pick: expected 4 elements, found 3", std::invalid_argument);
  CHECK_THROWS_WITH_AS(checked_pointer<int>(static_cast<int*>(nullptr), 2, "enqueue_pick"),
                       "ardent::cuda::enqueue_pick: expected 2 elements, found a null pointer", std::invalid_argument);
  CHECK(checked_pointer<int>(static_cast<int*>(nullptr), 0, "enqueue_pick") == nullptr);
  CHECK(checked_pointer<int>(vector.data(), 4, "enqueue_pick") == vector.elements.data());
}

TEST_CASE("device_pointer: a workspace is bytes of any range of numbers") {
  fancy_vector<double> vector{{1, 2, 3}};
  CHECK(bytes_of(vector).size() == 24);
  CHECK(static_cast<void*>(bytes_of(vector).data()) == vector.elements.data());
}

TEST_CASE("packed_weights: pointers and ranges, which are aligned and, as far as is known, large enough") {
  alignas(64) static std::byte const memory[128] = {};
  CHECK(packed_weights(memory).checked(1000, "f") == memory);
  CHECK(packed_weights(nullptr).checked(1000, "f") == nullptr);
  CHECK(packed_weights(fancy_pointer<std::byte const>{memory}).checked(1000, "f") == memory);
  std::span<std::byte const> const range(memory);
  CHECK(packed_weights(range).checked(128, "f") == memory);
  CHECK(packed_weights(range.subspan(64)).checked(64, "f") == memory + 64);
  CHECK_THROWS_WITH_AS(packed_weights(range).checked(129, "f"),
                       "ardent::cuda::f: expected weights of 129 bytes, found 128", std::invalid_argument);
  CHECK_THROWS_WITH_AS(packed_weights(memory + 32).checked(1, "f"),
                       "ardent::cuda::f: expected weights aligned to 64 bytes, found others", std::invalid_argument);
}
