// SPDX-License-Identifier: Apache-2.0
//
// Finds the shipped models.
#include "model_files.hpp"

#include <utility>

#include "common/error.hpp"
#if __has_include("models_path.hpp")
#  include "models_path.hpp"
#else  // not built by Meson: run from the source tree's root
inline constexpr char const* models_path = "models";
#endif

namespace examples {

model_files model_files::shipped(std::string const& name) {
  std::filesystem::path const folder = std::filesystem::path(models_path) / name;
  return {folder / (name + ".safetensors"), folder / (name + ".json")};
}

model_files model_files::chosen(std::optional<std::filesystem::path> const& weights,
                                std::optional<std::filesystem::path> const& config, model_files otherwise) {
  model_files files = std::move(otherwise);
  if (weights) {
    files.weights = *weights;
    files.config = *weights;
    files.config.replace_extension(".json");
  }
  if (config) files.config = *config;
  return files;
}

void check_all_taken(safetensors const& weights, bool (*is_buffer)(std::string_view name)) {
  for (std::string const& name : weights.untouched())
    if (!is_buffer(name)) fail(weights.path(), "no tensors but the network's", "tensor \"" + printable(name) + "\"");
}

}  // namespace examples
