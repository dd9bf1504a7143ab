// SPDX-License-Identifier: Apache-2.0
//
// A composition instantiated whole: tables, kernel and generation of the AdaLN MLP head on the host.
#pragma once

#include <ardent/ardent.hpp>

#include <algorithm>
#include <vector>

/// @brief A model whose backbone says nothing.
struct headed_model {
  ardent::denoiser::adaln_mlp<float> head;        ///< draws the tokens
  int length;                                     ///< tokens of an image
  int sequence_length() const { return length; }  ///< as given
  auto denoiser() const { return head; }          ///< as given
  /// @brief Zeros.
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* z) const {
    std::fill_n(z, view.branches * view.images * view.tokens_per_image * head.condition_width(), 0.0f);
  }
};

/// @brief Draws an image by a composition.
template <class... Policies>
void draw(headed_model& model, std::vector<float>& tokens) {
  ardent::generate(ardent::sampler<ardent::ordering::masked<256, 64>, ardent::guidance::constant<2.0>, Policies...>{},
                   model, ardent::executor::host{}, ardent::random::philox{1}, {1}, tokens);
}
