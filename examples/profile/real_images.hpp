// SPDX-License-Identifier: Apache-2.0
//
// Real images as a model's tokens: Fashion-MNIST's test set, as Debian packages it.
#pragma once

#include <filesystem>

#include "common/pictures/pixels.hpp"
#include "measure.hpp"

namespace examples::profile {

/// @brief Where Debian's dataset-fashion-mnist puts it.
inline constexpr char const* fashion_folder = "/usr/share/datasets/fashion-mnist";

/// @brief Reads the first images of a data set in the format of MNIST, gzipped or not, and makes tokens of them.
/// @param folder   has t10k-images-idx3-ubyte[.gz] and t10k-labels-idx1-ubyte[.gz]
/// @param count    how many, at least 1
/// @param patches  how a model's tokens are patches; grey
/// @param map      how pixels are standardised and framed; around the picture they are black
/// @throws input_error if a file is missing or not as it has to be, or has fewer images
[[nodiscard]] known_images read_images(std::filesystem::path const& folder, int count, patch_layout const& patches,
                                       pixel_map const& map);

}  // namespace examples::profile
