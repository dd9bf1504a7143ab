// SPDX-License-Identifier: Apache-2.0
//
// What all images of a batch have in common.
#include "model.hpp"

#include <stdexcept>
#include <string>

namespace examples::flowar {

model::model(flowar::network const& of, std::vector<int> const& labels, int branches, int workers,
             ardent::simd_level level)
    : of_(of),
      images_(static_cast<int>(labels.size())),
      turns_(of.sizes()),
      time_(static_cast<std::size_t>(of.sizes().diffloss_w)),
      time_scratch_(static_cast<std::size_t>(transformer::time_embedding::sinusoids + of.sizes().diffloss_w)),
      time_modulations_(static_cast<std::size_t>(of.sizes().diffloss_d) *
                        static_cast<std::size_t>(3 * of.sizes().diffloss_w)) {
  if (branches != 1 && branches != 2)
    throw std::invalid_argument("flowar::model: expected 1 or 2 branches, found " + std::to_string(branches));
  for (int i = 0; i < workers; ++i) work_.emplace_back(of, level);
  for (int const label : labels)
    if (label < 0 || label >= of.sizes().class_embedding_rows)
      throw std::invalid_argument("flowar::model: expected labels from 0 to " +
                                  std::to_string(of.sizes().class_embedding_rows - 1) + ", found " +
                                  std::to_string(label));
  for (int branch = 0; branch < branches; ++branch)
    for (int const label : labels)
      sequences_.emplace_back(of, turns_, branch == 0 ? label : of.sizes().uncond_label, work_.front());
}

void model::check(ardent::ar_step_view const& view) const {
  config const& sizes = of_.sizes();
  if (view.images != images_ ||
      static_cast<std::size_t>(view.branches) * static_cast<std::size_t>(view.images) > sequences_.size())
    throw std::invalid_argument("flowar::model: expected a batch of " + std::to_string(images_) +
                                " images in as many branches as were made, found another");
  if (view.ar_step >= sizes.scales() || view.tokens_per_image != sizes.tokens(view.ar_step) ||
      view.tokens_known != sizes.first(view.ar_step))
    throw std::invalid_argument("flowar::model: expected an ordering::next_scale of the network's sides");
}

flow_time model::embed(float time) {
  transformer::workspace& work = work_.front().work;
  // the network is told a whole training step, cut off in float as published code does
  auto const step = static_cast<float>(static_cast<int>(time * 1000.0F));
  transformer::embed_time(of_.time, step, time_.data(), time_scratch_.data(), work);
  if (of_.sizes().cross) {
    float* const activated = time_scratch_.data();
    transformer::silu(time_.data(), of_.sizes().diffloss_w, activated, work);
    float* to = time_modulations_.data();
    for (flow_block const& layer : of_.flow) {
      transformer::apply(layer.modulation, activated, 1, to, work);
      to += layer.modulation.outputs;
    }
  }
  return {time_.data(), time_modulations_.data()};
}

}  // namespace examples::flowar
