// SPDX-License-Identifier: Apache-2.0
//
// A model with a made-up backbone: an image's conditions depend on its index, on its positions and on all its tokens so
// far, so that an error anywhere reaches everything drawn later.
#pragma once

#include <ardent/model.hpp>

#include <cmath>
#include <cstddef>

namespace test {

/// @brief An ar_model around a denoiser.
template <class Denoiser>
class made_model {
 public:
  /// @param denoiser  draws the tokens
  /// @param length    tokens of an image
  made_model(Denoiser const& denoiser, int length) : denoiser_(denoiser), length_(length) {}

  int sequence_length() const { return length_; }  ///< tokens of an image
  Denoiser denoiser() const { return denoiser_; }  ///< as given

  /// @brief Image by image, so that an image does not depend on those beside it.
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view, float* z) const {
    int const width = denoiser_.condition_width(), count = view.tokens_per_image;
    executor.parallel_for(view.images, [&](int b, int) {
      float sum = 0;
      for (int p = 0; p < view.sequence_length; ++p)
        if (view.known[b * view.sequence_length + p] != 0)
          for (int c = 0; c < view.channels; ++c)
            sum += view.tokens[(b * view.sequence_length + p) * view.channels + c] / static_cast<float>(p + 1);
      for (int branch = 0; branch < view.branches; ++branch)
        for (int j = 0; j < count; ++j) {
          float* const out = z + static_cast<std::ptrdiff_t>((branch * view.images + b) * count + j) * width;
          auto const position = static_cast<float>(view.positions[b * count + j]);
          auto const image = static_cast<float>(view.first_image + static_cast<unsigned>(b));
          for (int c = 0; c < width; ++c)
            out[c] = std::sin(static_cast<float>(c) + position + (branch == 0 ? image : 0.0f) + sum);
        }
    });
  }

 private:
  Denoiser denoiser_;
  int length_;
};

}  // namespace test
