// SPDX-License-Identifier: Apache-2.0
//
// Reads a model's two files and checks them against each other.
#include "checkpoint.hpp"

#include "common/files/json.hpp"
#include "untrained.hpp"

namespace examples::harmon {

checkpoint::checkpoint(model_files const& files)
    : checkpoint(config::from_json(read_json(files.config), files.config), files) {}

checkpoint::checkpoint(config const& sizes, model_files const& files)
    : checkpoint(sizes, safetensors::map(files.weights), false) {}

checkpoint::checkpoint(std::uint64_t untrained_seed)
    : checkpoint(untrained_config(), untrained_weights(untrained_config(), untrained_seed), true) {}

checkpoint::checkpoint(config const& sizes, safetensors const& tensors, bool untrained)
    : sizes_(sizes), tensors_(tensors), network_(weights::load(sizes, tensors)), untrained_(untrained) {
  static_cast<void>(head());  // checked now rather than when it is packed
}

}  // namespace examples::harmon
