// SPDX-License-Identifier: Apache-2.0
//
// Atomic replacement of files on POSIX systems.
#include "atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "unfinished_files.hpp"

namespace examples {
namespace {

namespace fs = std::filesystem;

std::string reason(int code) { return std::generic_category().message(code); }

/// A file descriptor that is closed when it goes out of scope; close() is for those who want to know whether it worked.
class descriptor {
 public:
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool close() noexcept { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

constexpr std::string_view unfinished_prefix = ".ardent-", unfinished_suffix = ".tmp";

/// A freshly made temporary file that is removed when it goes out of scope, unless it was renamed before.
class temporary_file {
 public:
  /// @param directory where to make it
  /// @param target the file it will become
  temporary_file(fs::path const& directory, fs::path const& target) : file_(create(directory, target)) {}
  temporary_file(temporary_file const&) = delete;
  temporary_file& operator=(temporary_file const&) = delete;
  ~temporary_file() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  [[nodiscard]] descriptor& file() noexcept { return file_; }

  [[nodiscard]] bool rename(fs::path const& target) noexcept {
    if (::rename(name_.c_str(), target.c_str()) != 0) return false;
    name_.clear();
    listed_.reset();
    return true;
  }

 private:
  // .ardent-PROCESS-COUNTER-TARGET.tmp; without a target whose name may already be as long as names can be.
  descriptor create(fs::path const& directory, fs::path const& target) {
    static std::atomic<unsigned> counter = 0;
    std::string of = target.filename().string();
    if (of.size() > 100) of.clear();
    for (;;) {
      std::string trial_name(unfinished_prefix);
      trial_name += std::to_string(::getpid()) + "-" + std::to_string(counter++) + "-" + of;
      trial_name += unfinished_suffix;
      fs::path trial = directory / trial_name;
      listed_.emplace(trial.string());
      int const fd = ::open(trial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd >= 0) {
        name_ = std::move(trial);
        listed_->made();
        return descriptor(fd);
      }
      listed_.reset();
      if (errno != EEXIST && errno != EINTR) fail(target, "a directory to write the file in", reason(errno));
    }
  }

  std::optional<unfinished_file> listed_;
  fs::path name_;
  descriptor file_;
};

void write_all(int fd, std::span<std::byte const> content, fs::path const& path) {
  std::size_t done = 0;
  while (done < content.size()) {
    ssize_t const count = ::write(fd, content.data() + done, content.size() - done);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      int const code = errno;
      fail(path, "room for " + std::to_string(content.size()) + " bytes", reason(code));
    }
  }
}

// Some file systems and all pipes cannot sync and say so; that loses no data.
bool sync(int fd) noexcept { return ::fsync(fd) == 0 || errno == EINVAL || errno == ENOSYS || errno == ENOTSUP; }

void write_directly(fs::path const& path, std::span<std::byte const> content) {
  descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) fail(path, "a file to write", reason(errno));
  write_all(file.get(), content, path);
  if (!sync(file.get()) || !file.close()) fail(path, "the content to be stored", reason(errno));
}

/// What a path stands for, looked at once before anything is written.
struct destination {
  fs::path target;         // the path with symbolic links followed
  bool direct = false;     // exists and is no regular file
  bool exists = false;     // a regular file that will be replaced
  ::mode_t permissions{};  // of that file

  [[nodiscard]] fs::path directory() const { return target.has_parent_path() ? target.parent_path() : fs::path("."); }
};

destination examine(fs::path const& path) {
  if (path.empty()) fail("''", "the name of a file to write", "an empty name");
  if (!path.has_filename()) fail(path, "the name of a file to write", "the name of a directory");

  destination found{.target = path};
  struct ::stat info{};
  std::error_code error;
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) fail(path, "a file to write", "a directory");
    if (!S_ISREG(info.st_mode)) {
      found.direct = true;
      return found;
    }
    if (::access(path.c_str(), W_OK) != 0) fail(path, "a file that may be written", reason(errno));
    found.exists = true;
    found.permissions = info.st_mode & 07777;
    if (fs::is_symlink(path, error)) found.target = fs::canonical(path, error);
    if (error) fail(path, "a link that can be followed", error.message());
  } else if (fs::is_symlink(path, error)) {
    fail(path, "a link to a file", reason(ENOENT));
  }
  return found;
}

// Makes what was written permanent, and gives it its name.
void put_in_place(temporary_file& temporary, destination const& place, fs::path const& path) {
  descriptor& file = temporary.file();
  if (place.exists && ::fchmod(file.get(), place.permissions) != 0) {
    fail(path, "to keep the file's permissions", reason(errno));
  }
  if (!sync(file.get()) || !file.close()) fail(path, "the content to be stored", reason(errno));
  if (!temporary.rename(place.target)) fail(path, "to put the finished file in its place", reason(errno));

  // The new name should survive a crash too, but the content is complete either way: not an error.
  descriptor const directory(::open(place.directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) static_cast<void>(sync(directory.get()));
}

}  // namespace

void write_atomically(fs::path const& path, std::span<std::byte const> content) {
  destination const place = examine(path);
  if (place.direct) return write_directly(path, content);

  temporary_file temporary(place.directory(), path);
  write_all(temporary.file().get(), content, path);
  put_in_place(temporary, place, path);
}

struct atomic_output::state {
  fs::path path;
  destination place;
  temporary_file temporary;
  std::uint64_t at = 0;
};

atomic_output::atomic_output(fs::path const& path) {
  destination const place = examine(path);
  if (place.direct) fail(path, "a regular file, since parts of it are written over", "a device or a pipe");
  // the temporary file cannot be moved, so no make_unique: NOLINTNEXTLINE(modernize-make-unique)
  state_.reset(new state{path, place, temporary_file(place.directory(), path)});
}

atomic_output::~atomic_output() = default;

void atomic_output::write(std::span<std::byte const> content) {
  write_all(state_->temporary.file().get(), content, state_->path);
  state_->at += content.size();
}

std::uint64_t atomic_output::tell() const noexcept { return state_->at; }

void atomic_output::seek(std::uint64_t place) {
  if (::lseek(state_->temporary.file().get(), static_cast<off_t>(place), SEEK_SET) < 0)
    fail(state_->path, "to move in the file", reason(errno));
  state_->at = place;
}

void atomic_output::commit() { put_in_place(state_->temporary, state_->place, state_->path); }

void write_atomically(fs::path const& path, std::string_view content) {
  write_atomically(path, std::as_bytes(std::span(content)));
}

bool is_unfinished(std::string_view name) {
  return name.starts_with(unfinished_prefix) && name.ends_with(unfinished_suffix);
}

void remove_unfinished(fs::path const& directory, std::function<bool(std::string_view)> const& whose) {
  std::error_code error;
  std::vector<fs::path> gone;
  for (auto entry = fs::directory_iterator(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::string const name = entry->path().filename().string();
    if (!is_unfinished(name)) continue;
    std::string_view target(name);
    target.remove_suffix(unfinished_suffix.size());
    target.remove_prefix(unfinished_prefix.size());
    for (int number = 0; number < 2; ++number) target.remove_prefix(std::min(target.find('-') + 1, target.size()));
    if (whose(target)) gone.push_back(entry->path());
  }
  for (fs::path const& file : gone) fs::remove(file, error);
}

void check_writable(fs::path const& path) {
  destination const place = examine(path);
  if (!place.direct) {
    temporary_file const temporary(place.directory(), path);
  } else if (::access(path.c_str(), W_OK) != 0) {
    fail(path, "a file that may be written", reason(errno));
  }
}

void check_other_file(fs::path const& output, fs::path const& other, char const* what) {
  std::error_code ignored;
  if (fs::exists(output, ignored) && !fs::is_regular_file(output, ignored)) return;
  const fs::path here = fs::weakly_canonical(fs::absolute(output), ignored);
  const fs::path there = fs::weakly_canonical(fs::absolute(other), ignored);
  if (here == there || fs::equivalent(output, other, ignored))
    fail(output, std::string("an output that is another file than ") + what, printable_path(other));
}

}  // namespace examples
