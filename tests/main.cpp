// SPDX-License-Identifier: Apache-2.0
//
// The main function of every test program: doctest's, and after it one line with the test cases that skipped
// themselves, which doctest counts as passed.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "support/environment.hpp"

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  int const status = context.run();
  if (!context.shouldExit()) std::printf("[ardent] skipped: %d\n", test::skipped());
  return status;
}
