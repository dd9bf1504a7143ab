// SPDX-License-Identifier: Apache-2.0
//
// Mapping files, and what becomes of a process when one is gone. The handler may run on several threads at once, each
// in the middle of a read: it calls only what handlers may, and never returns to the read.
#include "mapped_file.hpp"

#include <atomic>
#include <cstdint>
#include <string_view>

#include "file.hpp"
#include "unfinished_files.hpp"

#if __has_include(<sys/mman.h>)
#  include <fcntl.h>
#  include <signal.h>
#  include <sys/mman.h>
#  include <sys/stat.h>
#  include <unistd.h>
#endif

namespace examples {
namespace {

#if __has_include(<sys/mman.h>)

// The whole file, or nothing if the system will not map it.
std::span<std::byte const> map(std::filesystem::path const& path) noexcept {
  int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  std::span<std::byte const> bytes;
  struct stat state{};
  if (::fstat(file, &state) == 0 && S_ISREG(state.st_mode) && state.st_size > 0) {
    auto const size = static_cast<std::size_t>(state.st_size);
    void* const place = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (place != MAP_FAILED) {
      bytes = {static_cast<std::byte const*>(place), size};
      // Weights are read from front to back; the system may read ahead.
      ::madvise(place, size, MADV_SEQUENTIAL);
    }
  }
  ::close(file);  // the mapping stays
  return bytes;
}

void unmap(std::span<std::byte const> bytes) noexcept { ::munmap(const_cast<std::byte*>(bytes.data()), bytes.size()); }

void drop(std::span<std::byte const> part) noexcept {
  auto const page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto const address = reinterpret_cast<std::uintptr_t>(part.data());
  std::uintptr_t const first = (address + page - 1) / page * page, last = (address + part.size()) / page * page;
  // Not posix_madvise: glibc's ignores this advice.
  if (first < last) ::madvise(const_cast<std::byte*>(part.data()) + (first - address), last - first, MADV_DONTNEED);
}

constexpr std::string_view file_is_gone =
    "error: an input file: expected it to stay as it is while it is read, found it shorter (or its disk failed)\n";

std::atomic<bool> ending = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void end_without_file(int signal, siginfo_t* what, void*) {
  if (what->si_code != BUS_ADRERR) {  // sent by somebody, or no page of a file
    remove_unfinished_files();
    ::signal(signal, SIG_DFL);
    ::raise(signal);  // delivered when this returns
    return;
  }
  while (ending.exchange(true)) ::pause();  // another thread says it
  remove_unfinished_files();
  [[maybe_unused]] auto const written = ::write(STDERR_FILENO, file_is_gone.data(), file_is_gone.size());
  ::_exit(2);
}

void watch_mapped_files() noexcept {
  struct ::sigaction now{};
  if (::sigaction(SIGBUS, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return;
  struct ::sigaction wanted{};
  wanted.sa_sigaction = end_without_file;
  wanted.sa_flags = SA_SIGINFO;  // no SA_RESETHAND: a second thread would end the process before the first is done
  ::sigemptyset(&wanted.sa_mask);
  ::sigaction(SIGBUS, &wanted, nullptr);
}

#else

std::span<std::byte const> map(std::filesystem::path const&) noexcept { return {}; }
void unmap(std::span<std::byte const>) noexcept {}
void drop(std::span<std::byte const>) noexcept {}
void watch_mapped_files() noexcept {}

#endif

}  // namespace

mapped_file::mapped_file(std::filesystem::path const& path) {
  input_file const file(path);  // says what is wrong with it
  bytes_ = map(path);
}

mapped_file::~mapped_file() {
  if (mapped()) unmap(bytes_);
}

void mapped_file::release(std::span<std::byte const> part) const noexcept {
  if (mapped()) drop(part);
}

void end_in_order_without_mapped_files() noexcept { watch_mapped_files(); }

}  // namespace examples
