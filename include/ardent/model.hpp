// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a model is to `generate`: a backbone that gives each token a condition, and a denoiser that draws it.

#include <ardent/config.hpp>
#include <ardent/denoiser/denoiser.hpp>

#include <concepts>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief What a model sees of an AR step. Views into generate's memory.
struct ar_step_view {
  int ar_step = 0;                      ///< in [0, ar_steps)
  int images = 0;                       ///< images of the batch
  int branches = 1;                     ///< 1, or 2 with guidance: conditional, then unconditional
  int tokens_per_image = 0;             ///< tokens drawn for each image now
  int sequence_length = 0;              ///< tokens of an image
  int channels = 0;                     ///< channels of a token
  std::uint32_t first_image = 0;        ///< index of the batch's first image over all batches
  float const* tokens = nullptr;        ///< [images][sequence_length][channels], 0 where unknown
  std::uint8_t const* known = nullptr;  ///< [images][sequence_length], 1 where known
  int const* positions = nullptr;       ///< [images][tokens_per_image], ascending: the tokens drawn now
  int tokens_known = 0;                 ///< tokens of each image that were drawn before: entries of `known` that are 1
};

/// @brief A model.
///
/// - `sequence_length()`: tokens of an image.
/// - `denoiser()`: an inline denoiser.
/// - `condition(executor, view, z)`: writes z [branches][images][tokens_per_image][condition_width], the condition of
///   each token drawn now. To keep image i of a batch equal to that image alone, compute each image by products whose
///   shapes do not depend on the batch.
template <class M, class Executor>
concept ar_model = requires(M& m, Executor const& executor, ar_step_view const& view, float* z) {
  { m.sequence_length() } -> std::same_as<int>;
  { m.denoiser() } -> inline_denoiser;
  m.condition(executor, view, z);
};

/// @brief A model with no backbone: every token is drawn from the same denoiser. For analytic denoisers.
/// @tparam Denoiser  an inline denoiser with condition_width 0
template <inline_denoiser Denoiser>
class unconditional_model {
 public:
  /// @param denoiser         draws every token
  /// @param sequence_length  tokens of an image
  /// @throws std::invalid_argument if the denoiser reads conditions
  unconditional_model(Denoiser denoiser, int sequence_length) : denoiser_(denoiser), sequence_length_(sequence_length) {
    if (denoiser.condition_width() != 0)
      throw std::invalid_argument(
          "ardent::unconditional_model: expected a denoiser with a condition_width of 0, found " +
          std::to_string(denoiser.condition_width()) + "; a model of its own has to write its conditions");
  }
  /// @brief Tokens of an image.
  int sequence_length() const { return sequence_length_; }
  /// @brief The denoiser.
  Denoiser denoiser() const { return denoiser_; }
  /// @brief Nothing: there is no condition.
  template <class Executor>
  void condition(Executor const&, ar_step_view const&, float*) const {}

 private:
  Denoiser denoiser_;
  int sequence_length_;
};

}  // namespace v0
}  // namespace ardent
