// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The version of these headers, for the preprocessor and as constants. It includes nothing.
///
/// `meson.build` states the same version, and a test of the tree compares them; pkg-config, CMake and Meson take theirs
/// from there.

/// @brief First number of the version: 0 until names stay what they are. It names the inline namespace, too.
#define ARDENT_VERSION_MAJOR 0
/// @brief Second number: while the first is 0, another one may break what uses the library.
#define ARDENT_VERSION_MINOR 1
/// @brief Third number: another one breaks nothing.
#define ARDENT_VERSION_PATCH 0

// Arguments are expanded before they are quoted.
#define ARDENT_DETAIL_DOTTED(major, minor, patch) #major "." #minor "." #patch
#define ARDENT_DETAIL_DOTTED_VALUES(major, minor, patch) ARDENT_DETAIL_DOTTED(major, minor, patch)
/// @brief The version as a string literal, "0.1.0".
#define ARDENT_VERSION_STRING \
  ARDENT_DETAIL_DOTTED_VALUES(ARDENT_VERSION_MAJOR, ARDENT_VERSION_MINOR, ARDENT_VERSION_PATCH)

namespace ardent {

/// @brief Everything public lives here; the version's first number is part of every symbol's name, so two versions
/// with different first numbers can meet in one process.
inline namespace v0 {

/// @brief The library's version, as a number that compares: major * 10000 + minor * 100 + patch.
inline constexpr int version = ARDENT_VERSION_MAJOR * 10000 + ARDENT_VERSION_MINOR * 100 + ARDENT_VERSION_PATCH;

/// @brief The library's version in words, "0.1.0".
inline constexpr char version_string[] = ARDENT_VERSION_STRING;

}  // namespace v0
}  // namespace ardent
