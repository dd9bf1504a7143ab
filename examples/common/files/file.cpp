// SPDX-License-Identifier: Apache-2.0
//
// Reading regular files with checked errors.
#include "file.hpp"

#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/error.hpp"

namespace examples {

namespace fs = std::filesystem;

input_file::input_file(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  fs::file_status const status = fs::status(path_, error);
  if (status.type() == fs::file_type::not_found) fail(path_, "a file to read", "no such file");
  if (error) fail(path_, "a file to read", error.message());
  if (status.type() == fs::file_type::directory) fail(path_, "a file to read", "a directory");
  if (status.type() != fs::file_type::regular) fail(path_, "a regular file to read", "a device, pipe or socket");

  errno = 0;
  stream_.open(path_, std::ios::binary);
  if (!stream_) fail(path_, "a file to read", std::generic_category().message(errno != 0 ? errno : EIO));
  size_ = fs::file_size(path_, error);
  if (error) fail(path_, "a file with a size", error.message());
}

void input_file::read(std::span<std::byte> destination) {
  stream_.read(reinterpret_cast<char*>(destination.data()), static_cast<std::streamsize>(destination.size()));
  auto const count = static_cast<std::size_t>(stream_.gcount());
  if (count != destination.size()) {
    fail(path_, std::to_string(destination.size()) + " more bytes to read", "only " + std::to_string(count));
  }
}

std::string read_text(fs::path const& path) {
  input_file file(path);
  std::string text;
  try {
    text.resize(file.size());
  } catch (std::bad_alloc const&) {
    fail(path, "a file that fits into memory", std::to_string(file.size()) + " bytes");
  } catch (std::length_error const&) {
    fail(path, "a file that fits into memory", std::to_string(file.size()) + " bytes");
  }
  file.read(std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace examples
