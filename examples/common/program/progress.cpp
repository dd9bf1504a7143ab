// SPDX-License-Identifier: Apache-2.0
//
// The progress line, for terminals and logs. Nothing packaged for C++ does this, so it is our own.
#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace examples {

progress::progress(int ar_steps, int tokens, bool enabled, std::FILE* stream)
    : start_(std::chrono::steady_clock::now()),
      ar_steps_(ar_steps),
      tokens_(tokens),
      enabled_(enabled),
      terminal_(enabled && ::isatty(::fileno(stream)) == 1),
      stream_(stream) {}

double progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

std::size_t progress::columns() const {
  struct ::winsize size{};
  if (::ioctl(::fileno(stream_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string progress::line(int ar_step, int tokens_done, int steps_k) const {
  constexpr int width = 10;
  auto const full = static_cast<std::size_t>(
      std::clamp(std::int64_t{tokens_done} * width / tokens_, std::int64_t{0}, std::int64_t{width}));
  std::string const bar = std::string(full, '#') + std::string(width - full, '.');
  std::array<char, 160> text{};
  int const length = std::snprintf(text.data(), text.size(), "AR step %d/%d  tokens %d/%d  K %d  [%s]  %.1f s",
                                   ar_step + 1, ar_steps_, tokens_done, tokens_, steps_k, bar.c_str(), seconds());
  return std::string(text.data(), std::min(text.size() - 1, static_cast<std::size_t>(std::max(length, 0))));
}

void progress::update(int ar_step, int tokens_done, int steps_k) {
  if (!enabled_) return;
  if (terminal_) {
    // A small model finishes thousands of steps a second; drawing them all would cost more than computing them.
    auto const now = std::chrono::steady_clock::now();
    bool const last = ar_step + 1 >= ar_steps_;
    if (open_ && !last && now - shown_ < std::chrono::milliseconds(50)) return;
    shown_ = now;
    open_ = true;
    // One short of the width: in the last column some terminals wrap.
    std::string const text = line(ar_step, tokens_done, steps_k).substr(0, std::max<std::size_t>(columns(), 2) - 1);
    std::fprintf(stream_, "\r%s\x1b[K", text.c_str());  // CSI K: erase what an older, longer line left
  } else {
    auto const tenths = static_cast<int>(std::int64_t{tokens_done} * 10 / tokens_);
    if (tenths <= tenths_) return;
    tenths_ = tenths;
    std::fprintf(stream_, "%s\n", line(ar_step, tokens_done, steps_k).c_str());
  }
  std::fflush(stream_);
}

void progress::finish() {
  if (!open_) return;
  open_ = false;
  std::fputc('\n', stream_);
  std::fflush(stream_);
}

}  // namespace examples
