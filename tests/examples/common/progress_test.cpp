// SPDX-License-Identifier: Apache-2.0
//
// What the progress line prints into a log and on a (pseudo) terminal.
#include "common/program/progress.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "support/environment.hpp"

namespace {

struct closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using stream = std::unique_ptr<std::FILE, closer>;

std::string content(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  return text;
}

// 12 AR steps over 49 tokens.
void run(examples::progress& bar) {
  std::array<int, 12> const tokens{1, 3, 6, 10, 15, 20, 26, 31, 37, 43, 48, 49};
  for (int i = 0; i < 12; ++i) bar.update(i, tokens[static_cast<std::size_t>(i)], 50 - 4 * i);
}

// A terminal of its own: what is printed into `inside` arrives at `outside`.
struct terminal {
  int outside = ::posix_openpt(O_RDWR | O_NOCTTY);
  stream inside;

  explicit terminal(unsigned short columns) {
    if (outside < 0 || ::grantpt(outside) != 0 || ::unlockpt(outside) != 0) return;
    struct ::winsize const size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    inside.reset(std::fopen(::ptsname(outside), "w"));
    ::ioctl(outside, TIOCSWINSZ, &size);
  }
  terminal(terminal const&) = delete;
  terminal& operator=(terminal const&) = delete;
  ~terminal() {
    if (outside >= 0) ::close(outside);
  }

  // All up to the first line end; the kernel may pass it on in pieces and a moment later.
  [[nodiscard]] std::string shown() const {
    std::string text;
    struct ::pollfd ready{.fd = outside, .events = POLLIN, .revents = 0};
    std::array<char, 4096> buffer{};
    while (text.find('\n') == std::string::npos && ::poll(&ready, 1, 5000) == 1) {
      ssize_t const count = ::read(outside, buffer.data(), buffer.size());
      if (count <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
};

}  // namespace

TEST_CASE("progress: a log gets one line for each tenth of the tokens") {
  stream const log(std::tmpfile());
  REQUIRE(log);
  {
    examples::progress bar(12, 49, true, log.get());
    run(bar);
    bar.finish();
  }
  std::istringstream lines(content(log.get()));
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line);) {
    double seconds = -1.0;
    int end = 0;
    all.push_back(line.substr(0, line.find(']') + 1));
    CHECK(std::sscanf(line.c_str() + all.back().size(), "  %lf s%n", &seconds, &end) == 1);
    CHECK(all.back().size() + static_cast<std::size_t>(end) == line.size());
    CHECK(seconds >= 0.0);
  }
  REQUIRE(all.size() == 10);
  CHECK(all[0] == "AR step 3/12  tokens 6/49  K 42  [#.........]");
  CHECK(all[3] == "AR step 6/12  tokens 20/49  K 30  [####......]");
  CHECK(all[9] == "AR step 12/12  tokens 49/49  K 6  [##########]");
}

TEST_CASE("progress: a single AR step, and nothing when it is switched off") {
  stream const log(std::tmpfile());
  REQUIRE(log);
  {
    examples::progress off(12, 49, false, log.get());
    run(off);
  }
  CHECK(content(log.get()).empty());
  examples::progress one(1, 1, true, log.get());
  one.update(0, 1, 7);
  CHECK(content(log.get()).starts_with("AR step 1/1  tokens 1/1  K 7  [##########]  "));
  CHECK(one.seconds() >= 0.0);
}

TEST_CASE("progress: a terminal's line is overwritten in place and ended once") {
  terminal const tty(100);
  if (!tty.inside) return test::skip("no pseudo terminal");
  {
    examples::progress bar(12, 49, true, tty.inside.get());
    run(bar);
    bar.finish();
  }
  std::string const text = tty.shown();
  CAPTURE(text);
  CHECK(text.starts_with("\rAR step 1/12  tokens 1/49  K 50  [..........]  0.0 s\x1b[K"));
  CHECK(text.find("\rAR step 12/12  tokens 49/49  K 6  [##########]  ") != std::string::npos);  // never skipped
  CHECK(text.ends_with(" s\x1b[K\r\n"));
  CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("progress: a narrow terminal gets a shorter line, an exception a line end") {
  terminal const tty(20);
  if (!tty.inside) return test::skip("no pseudo terminal");
  try {
    examples::progress bar(12, 49, true, tty.inside.get());
    bar.update(0, 1, 50);
    throw 1;
  } catch (int) {
  }
  CHECK(tty.shown() == "\rAR step 1/12  token\x1b[K\r\n");
}
