// SPDX-License-Identifier: Apache-2.0
//
// What images cost, and how a program says it. And batches of tokens on their way to where they are used.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace examples {

/// @brief What a drawing takes, and took.
struct drawing_cost {
  std::vector<int> steps;            ///< denoising steps of each AR step, as taken
  std::vector<int> ar_tokens;        ///< tokens of an image drawn at each AR step
  int nfe = 0;                       ///< evaluations of the head for a batch, summed over the AR steps
  long long token_nfe = 0;           ///< evaluations of the head for an image, summed over its tokens
  int branches = 1;                  ///< network rows of an evaluation: 2 with guidance
  double seconds = 0.0;              ///< wall time of drawing, without what is done with the images
  double backbone_seconds = 0.0;     ///< of it, in the backbone; the rest is the head
  unsigned long long nonfinite = 0;  ///< outputs of the head that were infinite or NaN
};

/// @brief What a sampler is going to take.
template <class Sampler>
[[nodiscard]] drawing_cost planned_cost(Sampler const& sampler) {
  drawing_cost cost;
  cost.nfe = sampler.nfe();
  cost.token_nfe = sampler.token_nfe();
  cost.branches = Sampler::branches;
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    cost.steps.push_back(sampler.effective_steps(i));
    cost.ar_tokens.push_back(sampler.tokens(i));
  }
  return cost;
}

/// @brief Prints the cost to standard output, images per second last.
/// @param rest what takes the time that is not the backbone's
void print_cost(drawing_cost const& cost, int images, char const* rest = "the head");

/// @brief Takes finished images: index of the first, and tokens of whole images.
using token_taker = std::function<void(int first, std::span<float const> tokens)>;

/// @brief Room for the tokens of batches: of all images where they are kept, of one batch where somebody takes them.
class token_room {
 public:
  /// @param images of the whole drawing
  /// @param batch most images at a time
  /// @param image_floats numbers in an image
  /// @param take who takes them; nobody: they are kept
  token_room(std::size_t images, std::size_t batch, std::size_t image_floats, token_taker take);

  /// @brief Where the tokens of images [first, first + count) are to be written.
  [[nodiscard]] std::span<float> of(std::size_t first, std::size_t count);
  /// @brief These images are finished.
  void finished(std::size_t first, std::size_t count);
  /// @brief Seconds spent in who takes them.
  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  /// @brief The tokens that are kept.
  [[nodiscard]] std::vector<float> kept() &&;

 private:
  std::size_t image_floats_;
  token_taker take_;
  std::vector<float> tokens_;
  double seconds_ = 0.0;
};

}  // namespace examples
