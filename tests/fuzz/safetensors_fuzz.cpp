// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the safetensors reader. An input is a file as it stands or, if it begins with '{', a header up to the first
// newline and then the data: the length in front is made, so that mutations reach what is behind it.
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/safetensors.hpp"
#include "fuzz.hpp"
#include "memory_file.hpp"

namespace {

using examples::safetensors;

std::string file_of(std::string_view input) {
  if (!input.starts_with('{')) return std::string(input);
  std::string_view const header = input.substr(0, input.find('\n'));
  std::uint64_t const length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  bytes += header;
  if (header.size() < input.size()) bytes += input.substr(header.size() + 1);
  return bytes;
}

// All that a caller can ask of a tensor is given, or refused in one line.
void ask_all(safetensors const& file) {
  for (std::string const& name : file.names()) {
    examples::tensor_view const view = file.view(name);
    std::size_t count = 1;
    for (std::int64_t const extent : view.shape) {
      fuzz::expect(extent >= 0, "extents of at least 0");
      count *= static_cast<std::size_t>(extent);
    }
    fuzz::expect(view.bytes.size() == count * size_of(view.type), "as many bytes as the shape has");
    unsigned sum = 0;  // every byte can be read
    for (std::byte const byte : view.bytes) sum += static_cast<unsigned>(byte);
    fuzz::expect(sum <= 255 * view.bytes.size(), "bytes");
    fuzz::message_of([&] { fuzz::expect(file.floats(name).size() == count, "a float for each element"); });
    fuzz::message_of([&] { fuzz::expect(file.doubles(name, view.shape).size() == count, "a double for each"); });
    fuzz::message_of([&] { fuzz::expect(file.integers(name).size() == count, "an integer for each element"); });
    fuzz::message_of([&] { static_cast<void>(file.tensor(name, view.shape)); });
    fuzz::expect(!fuzz::message_of([&] { static_cast<void>(file.floats(name, {-1})); }).empty(), "no such shape");
  }
  fuzz::expect(!fuzz::message_of([&] { static_cast<void>(file.view("no such tensor")); }).empty() ||
                   file.contains("no such tensor"),
               "tensors that are there");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  fuzz::memory_file const file;
  file.put(file_of(fuzz::text_of(data, size)));
  std::vector<std::string> read_names, mapped_names;
  std::string const read = fuzz::message_of([&] {
    safetensors const got = safetensors::read(file.path());
    read_names = got.names();
    ask_all(got);
  });
  std::string const mapped = fuzz::message_of([&] {
    safetensors const got = safetensors::map(file.path());
    mapped_names = got.names();
    ask_all(got);
  });
  fuzz::expect(read == mapped && read_names == mapped_names, "the same of a file that is read and one that is mapped");
  return 0;
}
