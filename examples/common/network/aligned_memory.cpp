// SPDX-License-Identifier: Apache-2.0
//
// Aligned memory, in large pages where there is much of it.
#include "aligned_memory.hpp"

#if __has_include(<sys/mman.h>)
#  include <sys/mman.h>
#endif

namespace examples {
namespace {

constexpr std::size_t large_page = std::size_t{2} << 20;

}  // namespace

aligned_memory::aligned_memory(std::size_t bytes) : size_(bytes) {
  // A network's weights are hundreds of megabytes read from front to back: with pages of 4 KB each of them would be
  // brought in and looked up on its own.
  bool const large = bytes >= 4 * large_page;
  std::align_val_t const alignment{large ? large_page : 64};
  data_ = {static_cast<std::byte*>(::operator new(bytes, alignment)), release{alignment}};
#if defined(MADV_HUGEPAGE)
  if (large) ::madvise(data_.get(), bytes / large_page * large_page, MADV_HUGEPAGE);
#endif
}

}  // namespace examples
