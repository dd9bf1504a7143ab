// SPDX-License-Identifier: Apache-2.0
//
// The main function of a fuzzer where there is no libFuzzer: runs every file of the folders it is given, and a number
// of blind mutations of them. Finds less than libFuzzer, which looks where a mutation led; but runs anywhere.
//
// usage: fuzzer -runs=N -seed=S FOLDER...      (other options of libFuzzer are ignored)
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz.hpp"

namespace {

namespace fs = std::filesystem;

std::string content(fs::path const& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string mutated(std::string bytes, std::vector<std::string> const& corpus, std::mt19937_64& engine) {
  auto const below = [&](std::size_t n) { return static_cast<std::size_t>(engine() % std::max<std::size_t>(n, 1)); };
  for (std::size_t count = 1 + below(4); count > 0; --count) {
    std::size_t const place = below(bytes.size() + 1), length = below(bytes.size() - place + 1) / (1 + below(16));
    switch (below(5)) {
      case 0:
        bytes.insert(place, 1, static_cast<char>(engine()));
        break;
      case 1:
        bytes.erase(place, length);
        break;
      case 2:
        bytes.insert(place, bytes.substr(below(bytes.size()), length));
        break;
      case 3:
        if (place < bytes.size()) bytes[place] = static_cast<char>(bytes[place] ^ (1 << below(8)));
        break;
      default: {
        std::string const& other = corpus[below(corpus.size())];
        std::size_t const from = below(other.size());
        bytes.replace(place, length, other.substr(from, below(64)));
      }
    }
  }
  return bytes;
}

void run(std::string const& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<fs::path> files;
  std::uint64_t runs = 0, seed = 1;
  for (std::string_view const word : std::vector<std::string_view>(argv + 1, argv + argc)) {
    if (word.starts_with("-runs=")) runs = std::strtoull(word.data() + 6, nullptr, 10);
    if (word.starts_with("-seed=")) seed = std::strtoull(word.data() + 6, nullptr, 10);
    if (word.starts_with('-') || !fs::is_directory(word)) continue;
    for (auto const& entry : fs::directory_iterator(word))
      if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus{""};
  for (fs::path const& file : files) corpus.push_back(content(file));
  std::uint64_t done = 0;
  for (std::string const& bytes : corpus) {
    run(bytes);
    ++done;
  }
  for (std::mt19937_64 engine(seed); done < runs; ++done)
    run(mutated(corpus[engine() % corpus.size()], corpus, engine));
  std::fprintf(stderr, "Done %llu runs, %zu files\n", static_cast<unsigned long long>(done), files.size());
  return 0;
}
