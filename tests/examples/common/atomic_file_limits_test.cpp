// SPDX-License-Identifier: Apache-2.0
//
// Writing without permission, beyond a limit and on a full disk, each in a process of its own.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "bad_input.hpp"
#include "common/files/atomic_file.hpp"
#include "support/environment.hpp"

namespace fs = std::filesystem;
using bad_input::get;
using bad_input::has;
using examples::write_atomically;

namespace {

// In a child process, which must not use doctest: whether writing fails with this reason and leaves just the old file.
int fails_and_keeps(fs::path const& folder, std::string_view content, std::string_view reason) {
  fs::path const file = folder / "kept";
  write_atomically(file, std::string_view("old"));
  try {
    write_atomically(file, content);
    return 1;
  } catch (examples::input_error const& error) {
    if (!has(error.what(), file.string()) || !has(error.what(), reason)) return 2;
  }
  if (std::distance(fs::directory_iterator(folder), fs::directory_iterator()) != 1) return 3;
  return fs::file_size(file) == 3 ? 0 : 4;
}

// In a child process: puts a file system of 64 KiB over the folder, in a name space that ends with the process. Whoever
// is not root becomes root of a user name space first, where the system lets him.
bool mount_small(fs::path const& folder) {
  ::uid_t const user = ::getuid();
  ::gid_t const group = ::getgid();
  if (::unshare(user == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  if (user != 0) {
    std::ofstream("/proc/self/setgroups") << "deny" << std::flush;  // else the group may not be mapped
    std::ofstream users("/proc/self/uid_map");
    std::ofstream groups("/proc/self/gid_map");
    if (!(users << "0 " << user << " 1" << std::flush) || !(groups << "0 " << group << " 1" << std::flush))
      return false;
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=64k,mode=1777") == 0;
}

}  // namespace

TEST_CASE("write_atomically: without permission, for the file or its directory") {
  test::temporary_folder const folder;
  fs::permissions(folder.path(), fs::perms(0777));
  bad_input::put(folder / "locked", "old");
  fs::permissions(folder / "locked", fs::perms(0444));
  fs::create_directory(folder / "closed");
  fs::permissions(folder / "closed", fs::perms(0555));
  int const result = bad_input::in_child([&] {
    if (::getuid() == 0 && ::setuid(65534) != 0) return 1;  // root may write anywhere
    for (fs::path const& file : {folder / "locked", folder / "closed/file"}) {
      try {
        write_atomically(file, std::string_view("new"));
        return 2;
      } catch (examples::input_error const& error) {
        if (!has(error.what(), file.string()) || !has(error.what(), "Permission denied")) return 3;
      }
    }
    return 0;
  });
  CHECK(result == 0);
  CHECK(get(folder / "locked") == "old");
  CHECK(fs::is_empty(folder / "closed"));
  CHECK(folder.entries() == 2);
}

TEST_CASE("write_atomically: a file that grows too large half way leaves the old one") {
  test::temporary_folder const folder;
  int const result = bad_input::in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    struct ::rlimit const limit{.rlim_cur = 10'000, .rlim_max = 10'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 10;
    return fails_and_keeps(folder.path(), std::string(20'000, 'x'), "File too large");
  });
  CHECK(result == 0);
}

TEST_CASE("write_atomically: a full disk leaves the old file") {
  test::temporary_folder const folder;
  constexpr int not_possible = 77;
  int const result = bad_input::in_child([&] {
    if (!mount_small(folder.path())) return not_possible;
    return fails_and_keeps(folder.path(), std::string(100'000, 'x'), "No space left on device");
  });
  if (result == not_possible) return test::skip("no right to mount a small file system");
  CHECK(result == 0);
  CHECK(folder.entries() == 0);
}
