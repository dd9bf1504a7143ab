// SPDX-License-Identifier: Apache-2.0
//
// A handler of signals may run on any thread and between any two instructions: names lie in memory that is never given
// back, and a slot that the handler has taken is never written again.
#include "unfinished_files.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>

namespace examples {
namespace {

enum class use : int { none, writing, listed, removing };

struct slot {
  std::atomic<use> now = use::none;
  std::array<char, 4096> name{};
};
static_assert(std::atomic<use>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

constexpr std::size_t none = SIZE_MAX;

std::array<slot, 16> slots;
std::atomic<bool> ending = false;

extern "C" void remove_and_end(int signal) {
  int const kept = errno;
  remove_unfinished_files();
  errno = kept;
  ::raise(signal);  // delivered when this returns, and handled as if there had never been a handler
}

}  // namespace

unfinished_file::unfinished_file(std::string const& name) noexcept : slot_(none) {
  if (name.size() >= slots[0].name.size()) return;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    use expected = use::none;
    if (!slots[i].now.compare_exchange_strong(expected, use::writing)) continue;
    std::memcpy(slots[i].name.data(), name.c_str(), name.size() + 1);
    slots[i].now = use::listed;
    slot_ = i;
    return;
  }
}

unfinished_file::~unfinished_file() {
  use expected = use::listed;
  if (slot_ != none) slots[slot_].now.compare_exchange_strong(expected, use::none);
}

void unfinished_file::made() const noexcept {
  if (slot_ == none || !ending) return;
  ::unlink(slots[slot_].name.data());  // the handler may have come before there was a file
  for (;;) ::pause();
}

void remove_unfinished_files() noexcept {
  ending = true;
  for (slot& one : slots)
    if (use expected = use::listed; one.now.compare_exchange_strong(expected, use::removing)) ::unlink(one.name.data());
}

void remove_unfinished_files_on_signals() noexcept {
  for (int const signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct ::sigaction now{};
    if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) continue;
    struct ::sigaction wanted{};
    wanted.sa_handler = remove_and_end;
    wanted.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // a second signal ends at once
    ::sigemptyset(&wanted.sa_mask);
    ::sigaction(signal, &wanted, nullptr);
  }
}

}  // namespace examples
