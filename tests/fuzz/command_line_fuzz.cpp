// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes command lines: an input's lines are the words, the program's name first. The whole option readers of mar,
// harmon, flowar and xar, which read no model and write nothing, and what all programs share: numbers of steps, labels,
// shards and their variables.
#include <ardent/grid/flowar.hpp>

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
#include "common/program/generator_options.hpp"
#include "common/program/labels.hpp"
#include "common/program/shard.hpp"
#include "flowar/options.hpp"
#include "fuzz.hpp"
#include "harmon/options.hpp"
#include "mar/options.hpp"
#include "xar/options.hpp"

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

void read_mar(int argc, char** argv) {
  if (auto const o = examples::mar::read_options(argc, argv)) check(*o);
}

void read_harmon(int argc, char** argv) {
  auto const o = examples::harmon::read_options(argc, argv);
  if (!o) return;
  check(*o);
  fuzz::expect(!o->prompts.prompts.empty(), "prompts");
}

void read_flowar(int argc, char** argv) {
  using examples::flowar::options;
  auto const o = examples::read_generator_options<options>(argc, argv);
  if (!o) return;
  check(o->drawing);
  fuzz::expect(o->own.guidance_scale >= 0.0 && o->own.guidance_scale <= 1e6, "a guidance_scale in range");
  fuzz::expect(o->own.guidance_interval >= 0.0 && o->own.guidance_interval <= 1.0, "a time of guidance in range");
  auto const steps = options::steps_of_scales(o->own, 5);
  fuzz::expect(steps.size() == 5, "steps for each scale");
  for (int const k : steps) fuzz::expect(k >= ardent::grid::flowar::least_steps && k <= 1000, "steps that a scale has");
}

void read_xar(int argc, char** argv) {
  using examples::xar::options;
  auto const o = examples::read_generator_options<options>(argc, argv);
  if (!o) return;
  check(o->drawing);
  fuzz::expect(o->own.guidance_scale >= 0.0 && o->own.guidance_scale <= 1e6, "a guidance_scale in range");
  fuzz::expect(o->own.solver == "euler" || o->own.solver == "euler-maruyama", "a solver that there is");
  auto const steps = options::steps_of_cells(o->own, 4);
  fuzz::expect(steps.size() == 4, "steps for each cell");
  for (int const k : steps) fuzz::expect(k >= 1 && k <= 1000, "steps that a cell has");
}

struct program {
  std::string_view name;
  void (*read)(int argc, char** argv);
};
constexpr program programs[] = {{"mar", read_mar}, {"harmon", read_harmon}, {"flowar", read_flowar}, {"xar", read_xar}};

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
  for (program const& one : programs)
    if (!words.empty() && words[0] == one.name) with_arguments(words, one.read);
  for (std::string const& word : words) read_word(word);
  return 0;
}
