// SPDX-License-Identifier: Apache-2.0
//
// Files in memory without a copy, tensors that stay in them, and programs whose files are cut short meanwhile.
#include "common/files/mapped_file.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "bad_input.hpp"
#include "bad_safetensors.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/safetensors.hpp"
#include "common/program/program.hpp"
#include "support/environment.hpp"

using bad_input::has;
using bad_input::message_of;
using examples::float_tensor;
using examples::float_values;
using examples::mapped_file;
using examples::safetensors;

namespace {

std::string text_of(std::span<std::byte const> bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::vector<float> copy_of(float_values const& values) { return {values.data(), values.data() + values.size()}; }

// A whole number of pages and some more, with something else in every place.
std::string long_text() {
  std::string text(100'003, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

/// A program of its own that has begun an output when `body` runs. Its status as of bad_input::in_child; nothing but
/// `folder`'s file and what it wrote to standard error is left.
template <class F>
int run_alone(test::temporary_folder const& folder, F const& body) {
  int const status = bad_input::in_child([&] {
    std::signal(SIGBUS, SIG_DFL);  // a sanitizer has its own handler
    if (std::freopen((folder / "errors").c_str(), "w", stderr) == nullptr) return 255;
    return examples::run_program([&] {
      examples::atomic_output output(folder / "output");
      output.write(std::as_bytes(std::span("half a picture")));
      if (folder.entries() != 3) return 254;  // the output's temporary file beside the two
      body();
      return 0;
    });
  });
  CHECK(folder.entries() == 2);
  return status;
}

}  // namespace

TEST_CASE("mapped_file: the content, before and after pages were given back") {
  test::temporary_folder const folder;
  std::string const text = long_text();
  bad_input::put(folder / "file", text);
  mapped_file const file(folder / "file");
  if (!file.mapped()) {
    test::skip("the system does not map files");
    return;
  }
  CHECK(text_of(file.bytes()) == text);
  // parts that hold no whole page, some, and all of them
  for (std::size_t const size : {std::size_t{0}, std::size_t{10}, std::size_t{50'000}, text.size()}) {
    file.release(file.bytes().subspan(text.size() - size));
    CHECK(text_of(file.bytes()) == text);
    file.release(file.bytes().first(size));
    CHECK(text_of(file.bytes()) == text);
  }
}

TEST_CASE("mapped_file: an empty file, and a file that is replaced meanwhile") {
  test::temporary_folder const folder;
  bad_input::put(folder / "empty", "");
  CHECK_FALSE(mapped_file(folder / "empty").mapped());
  CHECK(mapped_file(folder / "empty").bytes().empty());
  std::string const text = long_text();
  bad_input::put(folder / "file", text);
  bad_input::put(folder / "other", "short");
  mapped_file const file(folder / "file");
  std::filesystem::rename(folder / "other", folder / "file");
  if (file.mapped()) CHECK(text_of(file.bytes()) == text);
}

TEST_CASE("mapped_file: a program whose file is cut short ends in order, on however many threads it reads") {
  for (int const threads : {1, 8}) {
    CAPTURE(threads);
    test::temporary_folder const folder;
    bad_input::put(folder / "file", long_text());
    if (!mapped_file(folder / "file").mapped()) {
      test::skip("the system does not map files");
      return;
    }
    int const status = run_alone(folder, [&] {
      mapped_file const file(folder / "file");
      std::filesystem::resize_file(folder / "file", 10'000);
      auto const read = [&] { static_cast<void>(*const_cast<std::byte const volatile*>(&file.bytes().back())); };
      std::vector<std::jthread> others;
      for (int i = 1; i < threads; ++i) others.emplace_back(read);
      read();
    });
    CHECK(status == 2);
    CHECK(bad_input::get(folder / "errors") ==
          "error: an input file: expected it to stay as it is while it is read, found it shorter (or its disk "
          "failed)\n");
  }
}

TEST_CASE("mapped_file: a SIGBUS of another kind ends the program by it, and leaves nothing unfinished") {
  test::temporary_folder const folder;
  bad_input::put(folder / "file", "");
  CHECK(run_alone(folder, [] { std::raise(SIGBUS); }) == -1);
  CHECK(bad_input::get(folder / "errors").empty());
}

TEST_CASE("mapped_file: what is no file to read") {
  test::temporary_folder const folder;
  auto const complaint = [](std::filesystem::path const& path) {
    return bad_input::complaint(path, [&] { static_cast<void>(mapped_file(path)); });
  };
  CHECK(has(complaint(folder / "missing"), "no such file"));
  CHECK(has(complaint(folder.path()), "a directory"));
  CHECK(has(complaint("/dev/zero"), "a device"));
}

TEST_CASE("safetensors: a mapped file is the file that is read") {
  test::temporary_folder const folder;
  std::vector<float> const values{1.0f, -2.5f, 3.0f, 4.0f, 5.0f, 6.0f};
  examples::safetensors_writer writer;
  writer.add("single", {2, 3}, values);
  writer.add("double", {2}, std::vector<double>{0.5, -7.0});
  writer.add_f16("half", {6}, values);
  writer.add_bf16("brain", {3, 2}, values);
  writer.add("none", {0}, std::vector<float>{});
  writer.add("integer", {1}, std::vector<std::int64_t>{7});
  writer.write(folder / "x");
  safetensors const read = safetensors::read(folder / "x"), mapped = safetensors::map(folder / "x");
  CHECK(mapped.names() == read.names());
  CHECK(mapped.path() == read.path());
  for (std::string const& name : read.names()) {
    CAPTURE(name);
    CHECK(mapped.shape(name) == read.shape(name));
    CHECK(text_of(mapped.view(name).bytes) == text_of(read.view(name).bytes));
    if (name == "integer") continue;
    for (safetensors const* file : {&read, &mapped}) {
      float_tensor const tensor = file->tensor(name, file->shape(name));
      CHECK(tensor.size() == read.floats(name).size());
      CHECK(copy_of(tensor.values()) == read.floats(name));
      tensor.release();
      CHECK(copy_of(tensor.values()) == read.floats(name));
      // floats are where they are in the file, others are not
      bool const in_place = static_cast<void const*>(tensor.values().data()) == file->view(name).bytes.data();
      if (name == "single") CHECK(in_place);
      if (name == "half" || name == "brain" || name == "double") CHECK_FALSE(in_place);
    }
  }
}

TEST_CASE("float_tensor: outlives the file it came from, and minds no misalignment") {
  test::temporary_folder const folder;
  float const value = 42.5f;
  std::string data("xx");  // a tensor of two bytes before the floats
  data.append(reinterpret_cast<char const*>(&value), sizeof value);
  bad_input::put(folder / "x",
                 bad_input::with_header(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"F32",)"
                                        R"("shape":[1],"data_offsets":[2,6]}})",
                                        data));
  for (int shift = 0; shift < 2; ++shift) {
    float_tensor tensor;
    CHECK(tensor.size() == 0);
    tensor =
        shift == 0 ? safetensors::map(folder / "x").tensor("b", {1}) : safetensors::read(folder / "x").tensor("b", {1});
    CHECK(copy_of(tensor.values()) == std::vector<float>{value});
  }
}

TEST_CASE("float_tensor: what is refused, wherever it stands") {
  test::temporary_folder const folder;
  std::vector<float> numbers(10'000, 1.0f);
  for (std::size_t const place : {std::size_t{0}, std::size_t{4095}, std::size_t{4096}, std::size_t{9999}}) {
    for (float const bad : {NAN, -INFINITY}) {
      std::vector<float> changed = numbers;
      changed[place] = bad;
      examples::safetensors_writer writer;
      writer.add("single", {10'000}, changed);
      writer.add("double", {10'000}, std::vector<double>(changed.begin(), changed.end()));
      writer.add_f16("half", {10'000}, changed);
      writer.add_bf16("brain", {10'000}, changed);
      writer.write(folder / "x");
      safetensors const file = safetensors::map(folder / "x");
      for (std::string const& name : file.names()) {
        std::string const message = message_of([&] { static_cast<void>(file.tensor(name, {10'000})); });
        CHECK(has(message, name));
        CHECK(has(message, "at index " + std::to_string(place)));
        CHECK(message == message_of([&] { static_cast<void>(file.floats(name)); }));
      }
    }
  }
  examples::safetensors_writer writer;
  writer.add("large", {2}, std::vector<double>{1.0, 1e300});
  writer.add("integer", {1}, std::vector<std::int64_t>{7});
  writer.write(folder / "x");
  safetensors const file = safetensors::map(folder / "x");
  CHECK(has(message_of([&] { static_cast<void>(file.tensor("large", {2})); }), "too large for float"));
  CHECK(has(message_of([&] { static_cast<void>(file.tensor("large", {1, 2})); }), "[1, 2], found [2]"));
  CHECK(has(message_of([&] { static_cast<void>(file.tensor("integer", {1})); }), "I64"));
  CHECK(has(message_of([&] { static_cast<void>(file.tensor("other", {1})); }), "no tensor of that name"));
}
