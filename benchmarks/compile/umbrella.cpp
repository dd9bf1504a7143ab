// SPDX-License-Identifier: Apache-2.0
//
// All headers of the host, nothing used.
#include <ardent/ardent.hpp>

int main() {}
