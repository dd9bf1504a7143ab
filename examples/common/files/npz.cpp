// SPDX-License-Identifier: Apache-2.0
//
// minizip on an atomic_output. Its callbacks are C: what a write throws is kept and thrown again outside.
#include "npz.hpp"

#include <zip.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "atomic_file.hpp"
#include "common/error.hpp"

namespace examples {
namespace {

// Version 1.0 of NumPy's format: magic, version, length of the text, text that ends on a multiple of 64.
std::string npy_header(std::int64_t images, int height, int width, int channels) {
  std::string text = "{'descr': '|u1', 'fortran_order': False, 'shape': (" + std::to_string(images) + ", " +
                     std::to_string(height) + ", " + std::to_string(width) + ", " + std::to_string(channels) + "), }";
  constexpr std::size_t before = 10, unit = 64;
  text.append((unit - (before + text.size() + 1) % unit) % unit, ' ');
  text += '\n';
  std::string header = "\x93NUMPY";
  header += '\1';
  header += '\0';
  header += static_cast<char>(text.size() % 256);
  header += static_cast<char>(text.size() / 256);
  return header + text;
}

struct zip_sink {
  atomic_output file;
  std::uint64_t end = 0;
  std::exception_ptr error;
};

zip_sink& sink_of(voidpf pointer) { return *static_cast<zip_sink*>(pointer); }

// f(), or what it threw for later.
template <class F>
bool guarded(zip_sink& sink, F const& f) noexcept {
  try {
    f();
    return true;
  } catch (...) {
    if (!sink.error) sink.error = std::current_exception();
    return false;
  }
}

voidpf open_sink(voidpf opaque, void const*, int) { return opaque; }
uLong read_nothing(voidpf, voidpf, void*, uLong) { return 0; }
uLong write_sink(voidpf, voidpf stream, void const* bytes, uLong size) {
  zip_sink& sink = sink_of(stream);
  bool const done = guarded(sink, [&] { sink.file.write({static_cast<std::byte const*>(bytes), size}); });
  sink.end = std::max(sink.end, sink.file.tell());
  return done ? size : 0;
}
ZPOS64_T tell_sink(voidpf, voidpf stream) { return sink_of(stream).file.tell(); }
long seek_sink(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  zip_sink& sink = sink_of(stream);
  std::uint64_t const from = origin == ZLIB_FILEFUNC_SEEK_CUR   ? sink.file.tell()
                             : origin == ZLIB_FILEFUNC_SEEK_END ? sink.end
                                                                : 0;
  return guarded(sink, [&] { sink.file.seek(from + offset); }) ? 0 : -1;
}
int close_sink(voidpf, voidpf) { return 0; }
int sink_failed(voidpf, voidpf stream) { return sink_of(stream).error ? 1 : 0; }

}  // namespace

struct npz_writer::state {
  state(std::filesystem::path const& name, std::uint64_t bytes)
      : path(name), sink{atomic_output(name), 0, {}}, left(bytes) {
    zlib_filefunc64_def calls{open_sink, read_nothing, write_sink,  tell_sink,
                              seek_sink, close_sink,   sink_failed, &sink};
    zip.reset(zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &calls));
    check(zip != nullptr);
    zip_fileinfo info{};  // the day the format begins with: equal pictures give equal files
    info.tmz_date.tm_year = 1980;
    info.tmz_date.tm_mday = 1;
    constexpr int stored = 0, large = 1;
    check(zipOpenNewFileInZip64(zip.get(), "arr_0.npy", &info, nullptr, 0, nullptr, 0, nullptr, stored, 0, large) ==
          ZIP_OK);
  }
  void check(bool fine) const {
    if (sink.error) std::rethrow_exception(sink.error);
    if (!fine) fail(path, "a zip that can be written", "an error of minizip");
  }
  void write(void const* bytes, std::size_t size) {
    constexpr std::size_t piece = std::size_t{1} << 30;  // it counts in unsigned int
    auto const* from = static_cast<char const*>(bytes);
    while (size > 0) {
      std::size_t const now = std::min(piece, size);
      check(zipWriteInFileInZip(zip.get(), from, static_cast<unsigned>(now)) == ZIP_OK);
      from += now;
      size -= now;
    }
  }

  std::filesystem::path path;
  zip_sink sink;
  std::uint64_t left;
  struct closer {
    void operator()(void* opened) const { zipClose(opened, nullptr); }
  };
  std::unique_ptr<void, closer> zip;  // closed before its file is
};

npz_writer::npz_writer(std::filesystem::path const& path, std::int64_t images, int height, int width, int channels)
    : state_(std::make_unique<state>(path, static_cast<std::uint64_t>(images) * static_cast<std::uint64_t>(height) *
                                               static_cast<std::uint64_t>(width) *
                                               static_cast<std::uint64_t>(channels))) {
  std::string const header = npy_header(images, height, width, channels);
  state_->write(header.data(), header.size());
}

npz_writer::~npz_writer() = default;

void npz_writer::add(std::span<std::uint8_t const> samples) {
  if (samples.size() > state_->left) throw std::invalid_argument("npz_writer: more pictures than announced");
  state_->write(samples.data(), samples.size());
  state_->left -= samples.size();
}

void npz_writer::finish() {
  if (state_->left != 0) throw std::logic_error("npz_writer: pictures are missing");
  state_->check(zipCloseFileInZip(state_->zip.get()) == ZIP_OK);
  state_->check(zipClose(state_->zip.release(), nullptr) == ZIP_OK);
  state_->sink.file.commit();
}

}  // namespace examples
