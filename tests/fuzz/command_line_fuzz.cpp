// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes command lines: an input's lines are the words. The whole option readers of mar and harmon, which read no model
// and write nothing, and what all programs share: numbers of steps, labels, shards and their variables.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/program/annealing_words.hpp"
#include "common/program/drawing_options.hpp"
#include "common/program/labels.hpp"
#include "common/program/shard.hpp"
#include "fuzz.hpp"
#include "harmon/options.hpp"
#include "mar/options.hpp"

namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    std::string_view const line = text.substr(0, text.find('\n'));
    // a process's arguments end at their first zero byte
    words.emplace_back(line.substr(0, line.find('\0')));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return words;
}

// f(argc, argv) as main would get them.
template <class F>
void with_arguments(std::vector<std::string> words, F const& f) {
  words.insert(words.begin(), "program");
  std::vector<char*> argv;
  std::size_t bytes = 0;
  for (std::string& word : words) {
    argv.push_back(word.data());
    bytes += word.size();
  }
  argv.push_back(nullptr);
  fuzz::message_of([&] { f(static_cast<int>(words.size()), argv.data()); }, bytes);
}

void check(examples::drawing_options const& o) {
  fuzz::expect(!o.images || *o.images >= 1, "at least one image");
  fuzz::expect(o.batch >= 1 && o.threads >= 0, "a batch and threads");
  if (o.shard) fuzz::expect(o.shard->index >= 0 && o.shard->index < o.shard->count, "a shard that is one of all");
}

void read_word(std::string const& word) {
  fuzz::message_of([&] {
    auto const steps = examples::make_steps("", word, 3);
    fuzz::expect(steps.size() == 3 && steps[2] >= 1 && steps[0] <= 1000, "steps for each AR step");
  });
  fuzz::message_of([&] {
    for (int const label : examples::labels_of_images(word, 7, {"boot", "bag"}, 2, 100))
      fuzz::expect(label == 0 || label == 1, "labels in range");
  });
  fuzz::message_of([&] {
    examples::shard const one = examples::parse_shard(word);
    fuzz::expect(one.index >= 0 && one.index < one.count, "a shard that is one of all");
  });
  fuzz::message_of(
      [&] { static_cast<void>(examples::shard_of_environment([&](char const*) { return word.c_str(); })); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  // --help goes to standard output
  static std::FILE* const quiet = std::freopen("/dev/null", "w", stdout);
  fuzz::expect(quiet != nullptr, "standard output that can be closed");
  std::vector<std::string> const words = words_of(fuzz::text_of(data, size));
  with_arguments(words, [](int argc, char** argv) {
    if (auto const o = examples::mar::read_options(argc, argv)) check(*o);
  });
  with_arguments(words, [](int argc, char** argv) {
    if (auto const o = examples::harmon::read_options(argc, argv)) {
      check(*o);
      fuzz::expect(!o->prompts.prompts.empty(), "prompts");
    }
  });
  for (std::string const& word : words) read_word(word);
  return 0;
}
