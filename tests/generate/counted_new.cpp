// SPDX-License-Identifier: Apache-2.0
//
// The program's operator new and delete: malloc and free with a counter. The array forms call these.
#include "generate/counted_new.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> count{0}, returned{0};
std::atomic<long> left{-1};  // that succeed before one fails; below 0 if none is to fail
std::atomic<bool> for_good{false}, any_failed{false};

// Whether this one is to fail.
bool fails() {
  for (long now = left; now >= 0;) {
    if (now == 0 && any_failed && for_good) return true;
    if (!left.compare_exchange_weak(now, now == 0 && for_good ? 0 : now - 1)) continue;
    if (now > 0) return false;
    any_failed = true;
    return true;
  }
  return false;
}

void* take(std::size_t size, std::size_t alignment) {
  if (fails()) throw std::bad_alloc();
  ++count;
  void* const place = std::aligned_alloc(alignment, (size + alignment) / alignment * alignment);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}

void give(void* place) {
  if (place != nullptr) ++returned;
  std::free(place);
}

}  // namespace

long test::allocations() { return count; }
long test::outstanding() { return count - returned; }

test::failing_allocation::failing_allocation(long after, bool all_after) {
  any_failed = false;
  for_good = all_after;
  left = after;
}
test::failing_allocation::~failing_allocation() { left = -1; }
bool test::failing_allocation::failed() const { return any_failed; }

void* operator new(std::size_t size) { return take(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return take(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* place) noexcept { give(place); }
void operator delete(void* place, std::size_t) noexcept { give(place); }
void operator delete(void* place, std::align_val_t) noexcept { give(place); }
void operator delete(void* place, std::size_t, std::align_val_t) noexcept { give(place); }
