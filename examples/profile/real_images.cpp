// SPDX-License-Identifier: Apache-2.0
//
// Files of MNIST's format, by zlib.
#include "real_images.hpp"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "common/error.hpp"

namespace examples::profile {
namespace {

namespace fs = std::filesystem;

/// An array of bytes of this rank and first extent at least `count`.
struct bytes {
  std::vector<int> extents;
  std::vector<std::uint8_t> values;
};

bytes read(fs::path const& folder, std::string const& name, std::size_t rank) {
  fs::path file = folder / (name + ".gz");
  if (!fs::exists(file)) file = folder / name;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> stream(gzopen(file.c_str(), "rb"), gzclose);
  if (!stream) fail(file, "a file of Fashion-MNIST (Debian's dataset-fashion-mnist)", "none that can be read");
  const auto take = [&](std::uint8_t* to, std::size_t count) {
    const auto wanted = static_cast<unsigned>(count);
    if (gzread(stream.get(), to, wanted) != static_cast<int>(wanted))
      fail(file, std::to_string(count) + " bytes more", "the end or a broken stream");
  };
  std::uint8_t head[4];
  take(head, 4);
  if (head[0] != 0 || head[1] != 0 || head[2] != 8 || head[3] != rank)
    fail(file, "an array of bytes with " + std::to_string(rank) + " extents", "another");
  bytes read;
  std::size_t size = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    std::uint8_t part[4];
    take(part, 4);
    const auto extent = (static_cast<std::uint32_t>(part[0]) << 24) | (static_cast<std::uint32_t>(part[1]) << 16) |
                        (static_cast<std::uint32_t>(part[2]) << 8) | part[3];
    if (extent < 1 || extent > 1 << 20 || size > (std::size_t{1} << 30) / extent)
      fail(file, "extents of less than 2^30 bytes in all", std::to_string(extent));
    read.extents.push_back(static_cast<int>(extent));
    size *= extent;
  }
  read.values.resize(size);
  take(read.values.data(), size);
  return read;
}

}  // namespace

known_images read_images(fs::path const& folder, int count, patch_layout const& patches, pixel_map const& map) {
  const bytes images = read(folder, "t10k-images-idx3-ubyte", 3), labels = read(folder, "t10k-labels-idx1-ubyte", 1);
  const int side = picture_side(patches, map), whole = patches.side * patches.patch, frame = (whole - side) / 2;
  if (patches.channels != 1 || images.extents[1] != side || images.extents[2] != side)
    fail(folder, "grey images of " + std::to_string(side) + " x " + std::to_string(side) + ", as the model draws",
         std::to_string(images.extents[1]) + " x " + std::to_string(images.extents[2]));
  if (images.extents[0] < count || labels.extents[0] != images.extents[0])
    fail(folder, "at least " + std::to_string(count) + " images and as many labels",
         std::to_string(images.extents[0]) + " and " + std::to_string(labels.extents[0]));
  known_images made;
  for (int i = 0; i < count; ++i) {
    made.labels.push_back(labels.values[static_cast<std::size_t>(i)]);
    for (int token = 0; token < patches.side * patches.side; ++token)
      for (int place = 0; place < patches.patch * patches.patch; ++place) {
        const int y = token / patches.side * patches.patch + place / patches.patch - frame;
        const int x = token % patches.side * patches.patch + place % patches.patch - frame;
        const bool inside = y >= 0 && y < side && x >= 0 && x < side;
        const double pixel = inside ? images.values[static_cast<std::size_t>((i * side + y) * side + x)] / 255.0 : 0.0;
        made.tokens.push_back(static_cast<float>((pixel - map.mean) / map.deviation));
      }
  }
  return made;
}

}  // namespace examples::profile
