// SPDX-License-Identifier: Apache-2.0
//
// Output goes to files rather than pipes: nothing can fill up, so nothing has to be read while the program runs.
#include "command.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "environment.hpp"

extern char** environ;  // POSIX

namespace test {

namespace {

std::string contents(std::filesystem::path const& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

outcome run(std::vector<std::string> const& arguments) {
  temporary_folder const folder;
  std::string const output = (folder / "output").string();
  std::string const errors = (folder / "errors").string();
  std::vector<std::string> words = arguments;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  int const failure = posix_spawn(&child, argv.front(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    throw std::runtime_error("cannot run " + arguments.front() + ": " + std::generic_category().message(failure));
  }

  int state = 0;
  while (waitpid(child, &state, 0) < 0) {
    if (errno != EINTR) throw std::runtime_error("cannot wait for " + arguments.front());
  }
  int const status = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
  return {status, contents(output), contents(errors)};
}

}  // namespace test
