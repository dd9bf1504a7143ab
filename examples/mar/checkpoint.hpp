// SPDX-License-Identifier: Apache-2.0
//
// A trained MAR as it lies on disk: the weights (safetensors, official parameter names) and a JSON with the
// constructor's arguments and, where the maker gave them, label names and the way from tokens to pixels.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "backbone.hpp"
#include "common/files/safetensors.hpp"
#include "common/network/adaln_head.hpp"
#include "common/pictures/token_pictures.hpp"
#include "common/program/model_files.hpp"
#include "config.hpp"
#include "pixels.hpp"

namespace examples::mar {

/// @brief The two files of a model.
struct model_files : examples::model_files {
  /// @brief The model that ships with the source tree: models/fashion_mar.
  [[nodiscard]] static model_files shipped() { return {examples::model_files::shipped("fashion_mar")}; }
};

/// @brief A model found and checked. Immutable.
///
/// The weights stay in their file, which is mapped, until they are packed for where they are to be used: as long as
/// this object lives nobody may cut that file short.
class checkpoint {
 public:
  /// @param files where it lies
  /// @throws input_error naming the file and what of it is not as it has to be
  explicit checkpoint(examples::model_files const& files);

  /// @brief Where it came from.
  [[nodiscard]] examples::model_files const& files() const noexcept { return files_; }
  /// @brief The constructor's arguments.
  [[nodiscard]] config const& sizes() const noexcept { return network_.sizes(); }
  /// @brief Names of the classes, by label; empty if the JSON has none.
  [[nodiscard]] std::vector<std::string> const& label_names() const noexcept { return label_names_; }
  /// @brief How tokens become pixels; nothing if the JSON does not say, as with models that draw a VAE's latents.
  [[nodiscard]] std::optional<pixel_map> const& pixels() const noexcept { return pixels_; }
  /// @brief Where the tokens lie in a picture.
  [[nodiscard]] token_pictures pictures() const { return {patches_of(sizes()), pixels_, sizes().vae_stride}; }
  /// @brief The transformer. Packed when it is first used, or by its pack().
  [[nodiscard]] backbone const& network() const noexcept { return network_; }
  /// @brief The diffusion head's tensors, for a GPU to pack in its own way.
  [[nodiscard]] adaln_tensors head_tensors() const;
  /// @brief The diffusion head with its weights packed for ardent.
  /// @tparam Storage float, ardent::bfloat16 or ardent::int8_weight
  template <class Storage>
  [[nodiscard]] adaln_head<Storage> head() const {
    return adaln_head<Storage>(head_tensors());
  }

 private:
  checkpoint(examples::model_files const& files, nlohmann::json const& document);
  checkpoint(examples::model_files const& files, nlohmann::json const& document, safetensors const& weights);

  examples::model_files files_;
  safetensors weights_;
  backbone network_;
  std::vector<std::string> label_names_;
  std::optional<pixel_map> pixels_;
};

}  // namespace examples::mar
