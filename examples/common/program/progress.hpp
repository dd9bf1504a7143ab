// SPDX-License-Identifier: Apache-2.0
//
// A progress line for generation: AR step, tokens, denoising steps of that AR step, elapsed time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

namespace examples {

/// @brief Shows how far generation has come, e.g. "AR step 5/12  tokens 23/49  K 27  [#####.....]  3.2 s".
///
/// On a terminal one line is overwritten in place, shortened to the terminal's width. Elsewhere (a log, a pipe) a line
/// is printed each time another tenth of the tokens is done. Not for use from several threads at once.
class progress {
 public:
  /// @brief Starts the clock; prints nothing yet.
  /// @param ar_steps number of AR steps, at least 1
  /// @param tokens number of tokens, at least 1
  /// @param enabled false: prints nothing at all
  /// @param stream where to print; must outlive this object
  progress(int ar_steps, int tokens, bool enabled = true, std::FILE* stream = stderr);
  progress(progress const&) = delete;
  progress& operator=(progress const&) = delete;
  ~progress() { finish(); }

  /// @brief Reports an AR step that is finished.
  /// @param ar_step its index, from 0
  /// @param tokens_done tokens known after it
  /// @param steps_k denoising steps it took
  void update(int ar_step, int tokens_done, int steps_k);

  /// @brief Ends the line, so that what is printed next starts on a new one. More calls do nothing.
  void finish();

  /// @brief Seconds since construction.
  [[nodiscard]] double seconds() const;

 private:
  [[nodiscard]] std::string line(int ar_step, int tokens_done, int steps_k) const;
  [[nodiscard]] std::size_t columns() const;

  std::chrono::steady_clock::time_point start_;
  int ar_steps_;
  int tokens_;
  bool enabled_;
  bool terminal_;
  std::FILE* stream_;
  int tenths_ = 0;                                 // of the tokens, already reported (when not on a terminal)
  std::chrono::steady_clock::time_point shown_{};  // when the terminal's line was last drawn
  bool open_ = false;                              // a line on the terminal is not ended yet
};

/// @brief A progress line of images drawn in batches, some of which may have been there.
class image_progress {
 public:
  /// @param ar_steps, tokens, enabled, stream  as progress has them, with those of images that were there
  /// @param done_steps   AR steps done already
  /// @param done_tokens  tokens known already
  image_progress(int ar_steps, int tokens, bool enabled, std::FILE* stream, int done_steps, int done_tokens)
      : shown_(ar_steps, tokens, enabled, stream), done_steps_(done_steps), done_tokens_(done_tokens) {}

  /// @brief Reports an AR step of a batch.
  /// @param tokens   drawn in it
  /// @param steps_k  denoising steps it took
  void step(int tokens, int steps_k) { shown_.update(done_steps_++, done_tokens_ += tokens, steps_k); }
  /// @brief As progress::finish().
  void finish() { shown_.finish(); }

 private:
  progress shown_;
  int done_steps_, done_tokens_;
};

}  // namespace examples
