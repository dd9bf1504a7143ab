// SPDX-License-Identifier: Apache-2.0
//
// Reads a model's two files and checks them against each other.
#include "checkpoint.hpp"

#include "common/error.hpp"
#include "common/files/json.hpp"
#include "common/program/labels.hpp"

namespace examples::mar {
namespace {

// The head's tensors say its sizes; they have to be those that the constructor's arguments ask for.
void check_head(config const& sizes, ardent::adaln_shape<> const& head, examples::model_files const& files) {
  auto const check = [&](char const* what, int expected, int found) {
    if (expected == found) return;
    fail(files.weights,
         std::string("a diffusion head of ") + what + " " + std::to_string(expected) + " as " +
             printable_path(files.config) + " has it",
         std::to_string(found));
  };
  check("token channels", sizes.token_channels(), head.channels());
  check("condition width", sizes.decoder_embed_dim, head.condition_width());
  check("width", sizes.diffloss_w, head.width());
  check("depth", sizes.diffloss_d, head.depth());
  int const outputs = head.outputs();
  if (outputs != head.channels() && outputs != 2 * head.channels()) {
    fail(files.weights, "a diffusion head of " + std::to_string(head.channels()) + " outputs, or twice as many",
         std::to_string(outputs));
  }
}

}  // namespace

checkpoint::checkpoint(examples::model_files const& files) : checkpoint(files, read_json(files.config)) {}

checkpoint::checkpoint(examples::model_files const& files, nlohmann::json const& document)
    : checkpoint(files, document, safetensors::map(files.weights)) {}

checkpoint::checkpoint(examples::model_files const& files, nlohmann::json const& document, safetensors const& weights)
    : files_(files),
      weights_(weights),
      network_(config::from_json(document, files.config), weights),
      label_names_(read_label_names(document, network_.sizes().class_num, files.config)),
      pixels_(read_pixel_map(document, network_.sizes(), files.config)) {
  check_head(network_.sizes(), head_tensors().shape(), files_);
}

// Made anew each time: of a file in 16 bits this holds converted copies, which nobody needs once they are packed.
adaln_tensors checkpoint::head_tensors() const { return {weights_, "diffloss.net."}; }

}  // namespace examples::mar
