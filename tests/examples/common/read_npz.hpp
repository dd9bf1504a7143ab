// SPDX-License-Identifier: Apache-2.0
//
// Reads an array as numpy.load would: the zip by minizip, the header by the rules of the format's version 1.0.
#pragma once

#include <doctest/doctest.h>
#include <unzip.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace test {

/// @brief A numpy array of bytes.
struct npz_array {
  std::vector<std::int64_t> shape;   ///< its extents
  std::vector<std::uint8_t> values;  ///< row-major
};

/// @brief The member arr_0, which has to be the only one; fails the test if it is not an array of bytes in C order.
inline npz_array read_npz(std::filesystem::path const& file) {
  unzFile const zip = unzOpen64(file.c_str());
  REQUIRE(zip != nullptr);
  unz_global_info64 all{};
  REQUIRE(unzGetGlobalInfo64(zip, &all) == UNZ_OK);
  CHECK(all.number_entry == 1);
  REQUIRE(unzLocateFile(zip, "arr_0.npy", 1) == UNZ_OK);
  unz_file_info64 info{};
  REQUIRE(unzGetCurrentFileInfo64(zip, &info, nullptr, 0, nullptr, 0, nullptr, 0) == UNZ_OK);
  REQUIRE(unzOpenCurrentFile(zip) == UNZ_OK);
  std::string bytes(static_cast<std::size_t>(info.uncompressed_size), '\0');
  std::size_t read = 0;
  for (int count = 1; count > 0 && read < bytes.size(); read += static_cast<std::size_t>(count)) {
    count = unzReadCurrentFile(zip, bytes.data() + read, static_cast<unsigned>(bytes.size() - read));
    REQUIRE(count >= 0);
  }
  CHECK(unzCloseCurrentFile(zip) == UNZ_OK);  // UNZ_CRCERROR for a wrong checksum
  unzClose(zip);

  REQUIRE(bytes.size() > 10);
  CHECK(bytes.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  std::size_t const length = static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  REQUIRE(bytes.size() >= 10 + length);
  std::string const header = bytes.substr(10, length);
  CHECK((10 + length) % 64 == 0);
  CHECK(header.back() == '\n');
  CHECK(header.find("'descr': '|u1'") != std::string::npos);
  CHECK(header.find("'fortran_order': False") != std::string::npos);
  npz_array array;
  std::size_t place = header.find("'shape': (");
  REQUIRE(place != std::string::npos);
  place += 10;
  while (header[place] != ')') {
    std::size_t digits = 0;
    array.shape.push_back(std::stoll(header.substr(place), &digits));
    place += digits;
    while (header[place] == ',' || header[place] == ' ') ++place;
  }
  array.values.assign(bytes.begin() + static_cast<std::ptrdiff_t>(10 + length), bytes.end());
  std::int64_t size = 1;
  for (std::int64_t const extent : array.shape) size *= extent;
  CHECK(size == static_cast<std::int64_t>(array.values.size()));
  return array;
}

}  // namespace test
