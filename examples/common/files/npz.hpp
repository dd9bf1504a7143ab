// SPDX-License-Identifier: Apache-2.0
//
// Many pictures in one file as numpy.savez lays it out, which the usual FID suites read: a stored zip with the one
// member arr_0.npy. Written picture by picture; the zip is minizip's work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace examples {

/// @brief Writes arr_0, uint8 [images][height][width][channels], complete or not at all.
class npz_writer {
 public:
  /// @param path the file to write; its directory must exist
  /// @param images, height, width, channels the array's extents, at least 1 each
  /// @throws input_error as atomic_output
  npz_writer(std::filesystem::path const& path, std::int64_t images, int height, int width, int channels);
  npz_writer(npz_writer const&) = delete;
  npz_writer& operator=(npz_writer const&) = delete;
  ~npz_writer();

  /// @brief Adds the samples of the next pictures, [height][width][channels] each.
  /// @throws input_error if the disk is full
  /// @throws std::invalid_argument if these are more than were announced
  void add(std::span<std::uint8_t const> samples);
  /// @brief Completes the file and puts it in its place.
  /// @throws input_error if the disk is full
  /// @throws std::logic_error if pictures are missing
  void finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace examples
