// SPDX-License-Identifier: Apache-2.0
//
// GenEval's layout.
#include "geneval.hpp"

#include <array>
#include <cstdio>
#include <string>
#include <system_error>

#include "common/error.hpp"
#include "common/files/atomic_file.hpp"

namespace examples {
namespace {

std::string digits(char const* form, int number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), form, number);
  return text.data();
}

}  // namespace

void write_geneval(std::filesystem::path const& folder, int prompt, int sample, nlohmann::json const& entry,
                   picture const& made) {
  std::filesystem::path const of_prompt = folder / digits("%05d", prompt), samples = of_prompt / "samples";
  for (auto const& part : {of_prompt, samples}) {
    std::error_code error;
    std::filesystem::create_directory(part, error);
    if (error) fail(part, "a folder that can be made", error.message());
  }
  if (sample == 0) write_atomically(of_prompt / "metadata.jsonl", entry.dump() + "\n");
  write_png(geneval_file(folder, prompt, sample), made);
}

std::filesystem::path geneval_file(std::filesystem::path const& folder, int prompt, int sample) {
  return folder / digits("%05d", prompt) / "samples" / (digits("%04d", sample) + ".png");
}

}  // namespace examples
