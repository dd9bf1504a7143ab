// SPDX-License-Identifier: Apache-2.0
//
// Safetensors that are cut off, garbage, or no file at all.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "bad_safetensors.hpp"
#include "common/files/file.hpp"
#include "common/files/safetensors.hpp"
#include "support/environment.hpp"

using bad_input::complaint_about;
using bad_input::has;
using bad_input::with_header;
using examples::safetensors;

TEST_CASE("safetensors: lengths that the file does not have") {
  CHECK(has(complaint_about(""), "at least 8 bytes, found 0"));
  CHECK(has(complaint_about("1234567"), "found 7"));
  CHECK(has(complaint_about(with_header("{}", "", 3)), "a header of 3 bytes, found 2 bytes"));
  CHECK(has(complaint_about(with_header("{}", "", 100'000'000)), "a header of 100000000 bytes, found 2 bytes"));
  CHECK(has(complaint_about(with_header("{}", "", 100'000'001)), "at most 100000000 bytes, found 100000001"));
  CHECK(has(complaint_about(std::string(8, '\xff')), "at most 100000000 bytes, found 18446744073709551615"));
  CHECK(has(complaint_about(std::string(8, '\0')), "a header that is a JSON object"));
  // Hundreds of thousands of open brackets: neither a crash nor a long message.
  CHECK(has(complaint_about(with_header("{\"a\":" + std::string(300'000, '['))), "a header in JSON"));
  CHECK(has(complaint_about(with_header("{\"" + std::string(300'000, 'a'))), "a header in JSON"));
}

TEST_CASE("safetensors: a good file cut off at any byte is refused") {
  test::temporary_folder const folder;
  examples::safetensors_writer writer;
  writer.add("weight", {3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
  writer.add("order", {2}, std::vector<std::int64_t>{1, 0});
  writer.add_bf16("bias", {3}, std::vector<float>{1, 2, 3});
  writer.write(folder / "good");
  std::string const good = bad_input::get(folder / "good");
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    complaint_about(good.substr(0, size));
  }
  CHECK(has(complaint_about(good + '\0'), "more than the tensors take"));
}

TEST_CASE("safetensors: garbage is refused, a flipped bit is refused or leaves a sound file") {
  std::mt19937 engine(20240607);
  for (int trial = 0; trial < 200; ++trial) {
    std::string bytes(engine() % 400, '\0');
    for (char& byte : bytes) byte = static_cast<char>(engine());
    if (trial % 2 == 0 && bytes.size() > 9) bytes = with_header("{" + bytes.substr(9));
    complaint_about(bytes);
  }
  test::temporary_folder const folder;
  std::string const good =
      with_header(R"({"ab":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"c":{"dtype":"U8","shape":[0],)"
                  R"("data_offsets":[8,8]}})",
                  "12345678");
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    bad_input::put(folder / "flipped", bytes);
    bad_input::message_of([&] {
      safetensors const file = safetensors::read(folder / "flipped");
      for (std::string const& name : file.names()) {
        std::size_t count = examples::size_of(file.view(name).type);
        for (std::int64_t const extent : file.shape(name)) count *= static_cast<std::size_t>(extent);
        CHECK(file.view(name).bytes.size() == count);
      }
    });
  }
}

TEST_CASE("safetensors: what is no file to read") {
  test::temporary_folder const folder;
  auto const complaint = [](std::filesystem::path const& file) {
    std::string message = bad_input::complaint(file, [&] { static_cast<void>(safetensors::read(file)); });
    CHECK(message == bad_input::complaint(file, [&] { static_cast<void>(safetensors::map(file)); }));
    return message;
  };
  CHECK(has(complaint(folder / "missing"), "no such file"));
  CHECK(has(complaint(folder.path()), "a directory"));
  CHECK(has(complaint("/dev/zero"), "a device"));
  // As large as a file can be, all holes: refused before memory is asked for.
  bad_input::put(folder / "holes", with_header("{}"));
  std::filesystem::resize_file(folder / "holes", std::uintmax_t{1} << 40);
  CHECK(has(complaint(folder / "holes"), "0 bytes of data, found 1099511627766"));
}

TEST_CASE("input_file: a file that is cut short while it is read") {
  test::temporary_folder const folder;
  bad_input::put(folder / "long", std::string(1'000'000, 'x'));
  examples::input_file file(folder / "long");
  std::vector<std::byte> bytes(8), rest(999'992);
  file.read(bytes);
  std::filesystem::resize_file(folder / "long", 500'000);
  std::string const message = bad_input::complaint(folder / "long", [&] { file.read(rest); });
  CHECK(has(message, "999992 more bytes to read, found only 499992"));
}
